//go:build unix

package doctest_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/emulator"
)

const (
	docsServer = "127.0.0.1:3000" // as pages write it: `make run`
	docsAPI    = "127.0.0.1:4000" // of examples/go-api
)

// notRun names the snippets that the test leaves out, by page and first line, and why.
func notRun() map[string]string {
	const (
		aws     = "needs an AWS account"
		itself  = "is this test, or is what this test starts"
		minutes = "takes minutes"
	)
	return map[string]string{
		"README.md: make run     # the demo, on http://127.0.0.1:3000": itself,
		"README.md: sam build": aws,
		"docs/mail.md: export LATCHKEY_MAIL='smtps://latchkey:SECRET@mail.example.com'":                                                                                              "needs a mail server",
		"docs/mail.md: latchkey users invite --all-pending --store dynamodb:TABLE_NAME --keys secretsmanager:SIGNING_KEYS_ARN --mail sqs:MAIL_QUEUE_URL":                             aws,
		"docs/operate.md: aws sqs start-message-move-task --source-arn DEAD_LETTER_QUEUE_ARN":                                                                                        aws,
		"docs/browser.md: go run ./examples/spa":                                                                                                                                     "needs port 3000; tools/browser runs it on others",
		"docs/attacks.md: make attack     # everything except the statistics, at full size: about a minute":                                                                          minutes,
		"docs/attacks.md: LATCHKEY_ATTACK=full go test -run '^TestAttackFlood$' -count=1 -v ./cmd/latchkey":                                                                          minutes,
		"docs/deploy.md: make emulators && make rehearse        # optional: the same stack on emulators, a minute":                                                                   aws,
		"docs/deploy.md: latchkey users import users.jsonl --store dynamodb:TABLE_NAME --keys secretsmanager:SIGNING_KEYS_ARN":                                                       aws,
		"docs/deploy.md: make deploy ENV=staging":                                                                                                                                    aws,
		"docs/operate.md: git checkout v1.2.2":                                                                                                                                       aws,
		"docs/operate.md: aws lambda update-alias --function-name FUNCTION --name live --function-version 41 --routing-config '{}'":                                                  aws,
		"docs/operate.md: aws secretsmanager rotate-secret --secret-id SIGNING_KEYS_ARN":                                                                                             aws,
		"docs/restore.md: aws dynamodb restore-table-to-point-in-time --source-table-name TABLE_NAME --target-table-name latchkey-restored --restore-date-time 2026-11-27T06:00:00Z": aws,
		"docs/restore.md: latchkey users sign-out ada@example.com --store dynamodb:latchkey-restored":                                                                                aws,
		"docs/restore.md: aws secretsmanager rotate-secret --secret-id SIGNING_KEYS_ARN":                                                                                             aws,
		"docs/restore.md: aws dynamodb list-tables":                                                                                                                                  aws,
		"docs/restore.md: latchkey users export users.jsonl --store dynamodb:TABLE_NAME":                                                                                             aws,
		"docs/doctor.md: latchkey doctor --stack latchkey":                                                                                                                           aws,
		"docs/doctor.md: latchkey doctor --stack latchkey --attest=v1.2.3":                                                                                                           aws,
		"docs/front-doors.md: sam deploy --guided --parameter-overrides FrontDoor=rest":                                                                                              aws,
		"docs/front-doors.md: sam deploy --guided --parameter-overrides DomainName=login.example.com CertificateArn=arn:aws:acm:… HostedZoneId=Z…":                                   aws,
		"docs/keys.md: latchkey keys list --keys secretsmanager:ARN":                                                                                                                 aws,
		"docs/protect.md: sam deploy --guided -t examples/protected-api/template.yaml":                                                                                               aws,
		"docs/users.md: go run ./tools/bench users 1000000 > million.jsonl       # all have the password 'correct horse battery staple'":                                             minutes,
	}
}

// TestSnippets promises that the shell, Python and Go snippets of each page run as printed, in the order of the page and in one
// terminal, and print what the page says they print. Only the addresses of servers are replaced.
func TestSnippets(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts programs")
	}
	bin := t.TempDir()
	run(t, exec.Command("go", "build", "-o", bin+"/latchkey", "./cmd/latchkey"))
	left := notRun()
	for _, page := range pages(t) {
		if page == migratePage {
			continue // TestMigrations runs each command with an export
		}
		var snippets []snippet
		for _, s := range snippetsOf(read(t, page)) {
			key := page + ": " + s.first()
			if _, skipped := left[key]; skipped {
				delete(left, key)
				continue
			}
			snippets = append(snippets, s)
		}
		if len(snippets) > 0 {
			t.Run(page, func(t *testing.T) {
				t.Parallel()
				runPage(t, bin, snippets)
			})
		}
	}
	for key := range left {
		t.Errorf("no snippet begins like this any longer: %s", key)
	}
}

// snippet is a fenced block of code; output is the block with what it prints, if the page has one.
type snippet struct{ language, code, output string }

func (s snippet) first() string {
	line, _, _ := strings.Cut(s.code, "\n")
	return line
}

var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

// snippetsOf returns the blocks that can be run; a block marked "output" belongs to the one before it.
func snippetsOf(page string) (all []snippet) {
	for _, m := range fence.FindAllStringSubmatch(page, -1) {
		switch language, code := m[1], m[2]; {
		case language == "output" && len(all) > 0:
			all[len(all)-1].output += code
		case slices.Contains([]string{"sh", "python", "go"}, language):
			all = append(all, snippet{language: language, code: code})
		}
	}
	return all
}

// runPage runs the snippets as one script in a folder that looks like a checkout.
func runPage(t *testing.T, bin string, snippets []snippet) {
	dir := checkout(t)
	path := bin
	var script strings.Builder
	script.WriteString("set -eo pipefail\n")
	for i, s := range snippets {
		fmt.Fprintf(&script, "echo '%s'\n", mark(i))
		switch s.language {
		case "sh":
			script.WriteString(s.code)
		case "python":
			path = filepath.Dir(emulator.PyJWT(t)) + ":" + path
			script.WriteString("python - <<'END OF SNIPPET'\n" + s.code + "END OF SNIPPET\n")
		case "go":
			folder := fmt.Sprintf("snippet%d", i)
			fmt.Fprintf(&script, "mkdir %s\ncat > %[1]s/main.go <<'END OF SNIPPET'\n%sEND OF SNIPPET\ngo run ./%[1]s\n", folder, s.code)
		}
	}
	text := script.String()
	addresses := strings.NewReplacer()
	if strings.Contains(text, docsServer) {
		addresses = strings.NewReplacer(docsServer, serveDemo(t, bin), docsAPI, freeAddress(t))
	}
	out := runScript(t, dir, path, addresses.Replace(text))
	for i, s := range snippets {
		_, printed, found := strings.Cut(out, mark(i)+"\n")
		printed, _, _ = strings.Cut(printed, mark(i+1)+"\n")
		if !found {
			t.Fatalf("the script ended before: %s", s.first())
		}
		wantPrinted(t, s, addresses.Replace(s.output), printed)
	}
}

func mark(i int) string { return fmt.Sprintf("-- snippet %d --", i) }

// wantPrinted compares what was printed with the page's output block and with comments that hold JSON. "…" stands for
// anything, and white space does not matter.
func wantPrinted(t *testing.T, s snippet, output, printed string) {
	t.Helper()
	promised := []string{output}
	for _, m := range regexp.MustCompile(`(?m)\s# (\{.*\})$`).FindAllStringSubmatch(s.code, -1) {
		promised = append(promised, m[1])
	}
	squeezed := strings.Join(strings.Fields(printed), "")
	for _, want := range promised {
		rest := squeezed
		for fragment := range strings.SplitSeq(strings.Join(strings.Fields(want), ""), "…") {
			_, after, found := strings.Cut(rest, fragment)
			if !found {
				t.Errorf("%s\nprinted:\n%s\nwhich lacks %q", s.code, printed, fragment)
				return
			}
			rest = after
		}
	}
}

// checkout is an empty folder with links to everything in the repository, so that snippets leave nothing behind in it.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(here)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if slices.Contains([]string{".git", "bin", ".aws-sam"}, e.Name()) || regexp.MustCompile(`^latchkey.*\.(db|json)`).MatchString(e.Name()) {
			continue
		}
		if err := os.Symlink(filepath.Join(here, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// serveDemo starts what `make run` starts, on a free port, and returns its address.
func serveDemo(t *testing.T, bin string) string {
	t.Helper()
	cmd := exec.Command(bin+"/latchkey", "serve", "--demo", "--addr", freeAddress(t))
	cmd.Dir = t.TempDir()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() })
	var printed bytes.Buffer
	for buffer := make([]byte, 4096); ; {
		n, err := out.Read(buffer)
		printed.Write(buffer[:n])
		if _, after, found := strings.Cut(printed.String(), "listening on http://"); found && strings.Contains(after, "\n") {
			address, _, _ := strings.Cut(after, "\n")
			go func() { // whatever it prints later must not block it
				for err == nil {
					_, err = out.Read(buffer)
				}
			}()
			return address
		}
		if err != nil {
			t.Fatalf("the demo ended: %v\n%s", err, printed.String())
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// runScript returns what the script prints, and ends the programs that it left in the background.
func runScript(t *testing.T, dir, path, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := os.Create(filepath.Join(t.TempDir(), "out")) // a file, because Wait would wait for a pipe's other writers
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append(os.Environ(), "PATH="+path+":"+os.Getenv("PATH"), "TMPDIR="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	failed := cmd.Run()
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	printed, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		t.Fatalf("%v:\n%s\n%s", failed, script, printed)
	}
	return string(printed)
}

// run runs a command in the root of the repository.
func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}
