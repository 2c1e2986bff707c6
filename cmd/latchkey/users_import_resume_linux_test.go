package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wantCrowd promises all of them, each once and whole.
func (l *laptop) wantCrowd(users int) {
	l.Helper()
	seen := map[string]bool{}
	for u, err := range l.store().AllUsers(l.Context()) {
		if err != nil || seen[u.ID] || u.PasswordHash != bcryptHash || u.ID+"@example.com" != u.Email || "u"+u.Profile.Name != u.ID ||
			len(u.Accounts) != 1 || "o"+u.Profile.Name != u.Accounts[0].OrganizationID {
			l.Errorf("%+v, %v", u, err)
		}
		seen[u.ID] = true
	}
	if len(seen) != users {
		l.Errorf("%d users, want %d", len(seen), users)
	}
}

// TestImportGoesOn promises that an import that is killed or interrupted at any moment continues when the same command is run
// again: in the end every user is stored once, and the counts of the runs add up.
func TestImportGoesOn(t *testing.T) {
	t.Parallel()
	const users = 8000
	l := newLaptop(t)
	file := l.write("users.jsonl", crowdLines(users))
	stops, last := 0, ""
	for patience := 50 * time.Millisecond; patience < time.Minute; patience += patience / 4 { // on a busy machine it takes longer
		cmd := l.process(t.Context(), "users", "import", file)
		var log output
		cmd.Stderr = &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		signal := []os.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM}[stops%3]
		time.AfterFunc(20*time.Millisecond+rand.N(patience), func() { cmd.Process.Signal(signal) })
		err := cmd.Wait()
		if last = log.String(); strings.Contains(last, "interrupted at line ") && !strings.Contains(last, "goes on from there") {
			t.Errorf("%v: %s", signal, last)
		}
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && !status.Signaled() && !strings.Contains(last, "interrupted") && !strings.Contains(last, "canceled") {
			if cmd.ProcessState.ExitCode() != exitFailed { // for the bad lines
				t.Errorf("%v: %s", err, last)
			}
			break
		}
		stops++
	}
	l.wantCrowd(users)
	l.wantWhole(l.path("users.db"))
	var added, updated, refused, unchanged int
	if _, err := fmt.Sscanf(last[strings.LastIndex(strings.TrimSpace(last), "\n")+1:], "%d added, %d updated, %d refused, %d unchanged", &added, &updated, &refused, &unchanged); err != nil ||
		added+unchanged != users || refused != users/100 || updated != 0 {
		t.Errorf("the last run says %s (%v)", last, err)
	}
	t.Logf("stopped %d times; the last run added %d", stops, added)
	if stops < 3 {
		t.Errorf("it was stopped only %d times", stops)
	}
}

// TestImportToFullDisk promises, where the disk gets full, that an import says how far it came, that what it said is so,
// and that it goes on when there is room.
func TestImportToFullDisk(t *testing.T) {
	t.Parallel()
	const users = 5000
	l := newLaptop(t)
	outside := newLaptop(t)
	outside.write("users.jsonl", crowdLines(users))
	cmd := l.onDisk(`set +e; cd ` + outside.dir + `; "$0" users import users.jsonl; echo "exit $?"
		"$0" users export ` + l.path("export.jsonl") + `; echo "exit $?"; ls ` + l.dir + `
		mount -o remount,size=64m ` + l.dir + `; "$0" users import users.jsonl; echo "exit $?"; "$0" users export export.jsonl`)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	said := string(out)
	for _, want := range []string{"stopped at line ", "database or disk is full", "goes on from there", "exit 1\n", fmt.Sprintf("%d exported", users)} {
		if !strings.Contains(said, want) {
			t.Errorf("want %q, got:\n%s", want, said)
		}
	}
	if strings.Contains(said, ".partial\n") || strings.Contains(said, "\nexport.jsonl") {
		t.Errorf("a part of an export is left:\n%s", said)
	}
	exported, err := os.Open(outside.path("export.jsonl"))
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	defer exported.Close()
	if n := count(t, exported); n != users {
		t.Errorf("%d users in the end, want %d\n%s", n, users, said)
	}
}

// TestImportBar promises on a terminal a bar that says how many, how fast and how long still, and that reasons stand on
// lines of their own.
func TestImportBar(t *testing.T) {
	t.Parallel()
	l, p := newLaptop(t), newPTY(t)
	file := l.write("users.jsonl", crowdLines(20_000))
	cmd := l.process(t.Context(), "users", "import", file)
	cmd.Stdout, cmd.Stderr = p.process, p.process
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.expect("line 101: not a JSON object\r\n")
	p.expect(" users, ")
	p.expect(" a second")
	p.expect("20200 users, ")
	p.expect(", in ")
	p.expect("20000 added, 0 updated, 200 refused, 0 unchanged\r\n")
	cmd.Wait()
}

// TestDryRun promises that a dry run says what an import then does, line by line, and changes nothing: not even a store is
// made.
func TestDryRun(t *testing.T) {
	const lines = `{"id":"u1","email":"a@example.com","password":"p","status":"ready"}
{"email":"A@example.com","password":"another","status":"ready"}
{"id":"u1","email":"b@example.com","status":"pending"}
{"id":"u-ada","email":"c@example.com","status":"pending"}
{"email":"d@example.com","password":"` + "\x00" + `","status":"ready"}
{"email":"ada@example.com","password":"p","status":"ready","name":"Countess"}
{"email":"e@example.com","status":"pending"}
{"email":"e@example.com","status":"pending"}
`
	l := newLaptop(t)
	got := l.fails(exitFailed, lines, []string{"users", "import", "-", "--dry-run"}, "line 2: A@example.com already exists, from an earlier line, and differs in email, password",
		"line 3: the id u1 is another user's", "line 5: ", "this was a dry run: nothing is stored")
	if files := l.files(); len(files) > 0 {
		t.Errorf("a dry run left %q", files)
	}
	for _, update := range [][]string{nil, {"--update"}} {
		l := newLaptop(t)
		l.addAda()
		before := l.user("ada@example.com")
		args := append([]string{"users", "import", "-"}, update...)
		got = l.run(lines, append(args, "--dry-run")...)
		if after := l.user("ada@example.com"); after.Version != before.Version || strings.Count(l.ok("", "users", "list"), "\n") != 2 {
			t.Errorf("%v: a dry run changed %+v", update, after)
		}
		real := l.run(lines, args...)
		if said := strings.Replace(got.err, "this was a dry run: nothing is stored\n", "", 1); said != real.err || got.code != real.code {
			t.Errorf("%v: the dry run says\n%sand the import\n%s", update, said, real.err)
		}
	}
}

// TestImportLeavesRenewedHashes promises that a hash renewed by a sign-in is not a difference when the import continues, and that
// a hash that an operator set is one.
func TestImportLeavesRenewedHashes(t *testing.T) {
	l := newLaptop(t)
	line := `{"email":"bob@example.com","passwordHash":"` + bcryptHash + `","status":"ready"}`
	l.ok(line, "users", "import", "-")
	if got := l.serve().signIn("bob@example.com", "password of bob"); got.status != 200 {
		t.Fatal(got)
	}
	if l.user("bob@example.com").PasswordHash == bcryptHash {
		t.Fatal("the hash is not renewed")
	}
	if got := l.run(line, "users", "import", "-"); got.err != "0 added, 0 updated, 0 refused, 1 unchanged\n" {
		t.Errorf("%+v", got)
	}
	l.ok("", "users", "update", "bob@example.com", "--role", "editor")
	l.ok("", "users", "update", "bob@example.com", "--role", "")
	if got := l.run(line, "users", "import", "-"); got.err != "0 added, 0 updated, 0 refused, 1 unchanged\n" {
		t.Errorf("after an update and back: %+v", got)
	}
	l.ok(secretPassword, "users", "set-password", "bob@example.com", "--password-stdin")
	l.fails(exitFailed, line, []string{"users", "import", "-"}, "line 1: bob@example.com already exists and differs in passwordHash; --update")
}

// TestImportKeepsAccountIDs promises that accounts without ids in the file keep those that they have.
func TestImportKeepsAccountIDs(t *testing.T) {
	l := newLaptop(t)
	const line = `{"email":"ada@example.com","status":"pending","role":"%s","accounts":[{"organizationId":"o1","organizationName":"","userType":"Viewer"}]}`
	l.ok(fmt.Sprintf(line, ""), "users", "import", "-")
	before := l.user("ada@example.com")
	for role, want := range map[string]string{"": "0 added, 0 updated, 0 refused, 1 unchanged\n", "editor": "0 added, 1 updated, 0 refused, 0 unchanged\n"} {
		if got := l.run(fmt.Sprintf(line, role), "users", "import", "-", "--update"); got.err != want {
			t.Errorf("%q: %+v", role, got)
		}
		if after := l.user("ada@example.com"); after.Accounts[0].ID != before.Accounts[0].ID {
			t.Errorf("%q: account %+v became %+v", role, before.Accounts, after.Accounts)
		}
		l.ok("", "users", "update", "ada@example.com", "--role", "")
	}
}
