package importtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "latchkey/"

// rule lists which of our packages a package may import; all others are forbidden.
type rule struct {
	packages string // a prefix of the import path below the module
	may      []string
}

func rules() []rule {
	everything := []string{""}
	return []rule{
		{"functions/calibrate", []string{"internal/app", "internal/calibrate"}},
		{"functions/mail", []string{"internal/app", "internal/mail/ses"}},
		{"functions/smoke", []string{"internal/app", "internal/smoke"}},
		{"functions/account", []string{"internal/app", "internal/lambdahttp", "internal/passkey"}},
		{"functions/", []string{"internal/app", "internal/lambdahttp"}},
		{"cmd/", everything},
		{"internal/admin/bulk", []string{"internal/admin", "internal/auth", "internal/password", "internal/userfile"}},
		{"internal/admin", []string{"internal/auth", "internal/keyring", "internal/password"}},
		{"internal/terminal", nil},
		{"internal/console", []string{
			"api", "internal/admin", "internal/admin/bulk", "internal/auth", "internal/keyring", "internal/password", "internal/userfile", "internal/web", "web",
		}},
		{"web", nil}, // the embedded pages
		{"internal/app", everything},
		// The session endpoints go on in the planpoint contract's cookies and profile: one definition of each.
		{"internal/contract/account", []string{
			"internal/auth", "internal/contract", "internal/contract/planpoint", "internal/factor", "internal/web",
		}},
		{"internal/factor", []string{"internal/auth"}},
		{"internal/passkey", []string{"internal/auth"}},
		{"internal/mail/folder", []string{"internal/mail"}},
		{"internal/mail/relay", []string{"internal/mail"}},
		{"internal/mail/ses", []string{"internal/awscall", "internal/mail"}},
		{"internal/mail/queue", []string{"internal/auth", "internal/awscall", "internal/mail"}},
		{"internal/mail", []string{"internal/auth"}},
		{"internal/contract/session", []string{"internal/auth", "internal/contract/planpoint", "internal/web"}},
		{"internal/contract/discovery", []string{"internal/auth", "internal/jwk", "internal/web"}},
		{"internal/contract", []string{"internal/auth", "internal/web"}}, // and each contract's package
		{"internal/audit", []string{"internal/auth"}},
		{"internal/metrics", []string{"internal/auth"}},
		{"internal/authorizer", []string{"internal/auth", "internal/token"}},
		{"internal/rotation", []string{"internal/auth", "internal/jwk", "internal/keyring"}},
		{"internal/dynamo", []string{"internal/auth", "internal/awswire"}},
		{"internal/sqlite", []string{"internal/auth", "internal/privatefile"}},
		// Programs that only verify link no key ring: token declares an interface for the ring.
		{"internal/keyring", []string{"internal/jwk"}},
		{"internal/token", []string{"internal/auth", "internal/jwk"}},
		{"internal/jwk", nil},
		{"internal/passlist", nil},
		{"internal/userfile", []string{"internal/auth", "internal/password"}},
		{"internal/authtest", everything},
		{"verify", []string{"internal/cached", "internal/jwk", "internal/token"}},
		{"examples/", []string{"verify"}},
		{"internal/auth", nil},
		{"internal/cached", nil},
		{"internal/argon2", nil},
		{"internal/password", []string{"internal/argon2"}},
		{"internal/secret", []string{"internal/awswire", "internal/privatefile"}},
		{"internal/awswire", nil},
		{"internal/privatefile", nil},
		{"internal/setting", nil},
		{"internal/doctor", []string{
			"internal/auth", "internal/awscall", "internal/calibrate", "internal/contract", "internal/contract/discovery", "internal/jwk",
			"internal/keyring", "internal/password", "internal/setting", "internal/web",
		}},
		{"internal/awscall", nil},
		{"internal/calibrate", []string{"internal/awscall", "internal/password"}},
		{"internal/smoke", []string{"internal/awscall"}},
		{"internal/web", nil},
		{"internal/lambdahttp", nil},
		{"tools/budget", nil},
		{"tools/browser", []string{"internal/factor"}}, // codes that an authenticator app would show
		{"internal/doctest", nil},                      // only tests
		{"tools/bench", []string{"internal/argon2", "internal/password"}},
		{"internal/emulator", nil},
		{"internal/faults", nil}, // only tests
		{"api", nil},
		{"internal/importtest", nil},
		{"tools/timing", []string{"internal/app", "internal/contract", "internal/factor"}}, // the contracts to measure, and codes
	}
}

// forbidden are imports that even a package with every right must not have.
func forbidden(importer, imported string) string {
	own := strings.TrimPrefix(imported, module)
	switch {
	case under(importer, "internal/app") && (under(own, "internal/sqlite") || under(own, "internal/authtest")):
		return "app serves the functions, which never link sqlite"
	case under(importer, "internal/app") && under(own, "internal/passkey"):
		return "app serves the functions, of which the account function alone links go-webauthn"
	case strings.HasPrefix(imported, "github.com/go-webauthn/") && importer != "internal/passkey":
		return "go-webauthn appears in passkey alone"
	case under(importer, "internal/app") && under(own, "internal/console"):
		return "the console belongs to serve alone"
	case under(importer, "internal/app") && slices.Contains(senders(), own):
		return "app serves the functions; only the program that sends links a sender of mails"
	case under(importer, "cmd") && under(own, "internal/authtest"):
		return "authtest is for tests"
	case strings.HasPrefix(imported, "github.com/aws/aws-sdk-go-v2") && !mayUseSDK(importer):
		return "the AWS SDK appears in dynamo, secret and app alone"
	case strings.HasPrefix(imported, "github.com/chromedp/") && !under(importer, "tools/browser"):
		return "a browser is for tests"
	case under(importer, "internal/auth") && !standard(imported) &&
		!strings.HasPrefix(imported, "golang.org/x/text/") && imported != "golang.org/x/net/idna":
		return "auth needs the standard library, x/text and x/net/idna alone"
	}
	return ""
}

// senders are the packages that send mails.
func senders() []string {
	return []string{"internal/mail/folder", "internal/mail/relay", "internal/mail/ses"}
}

func mayUseSDK(importer string) bool {
	return under(importer, "internal/awscall") || under(importer, "internal/smoke") || under(importer, "internal/dynamo") || under(importer, "internal/secret") || under(importer, "internal/app")
}

func under(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImports(t *testing.T) {
	for _, p := range list(t) {
		importer := strings.TrimPrefix(p.ImportPath, module)
		allowed, found := allowedFor(importer)
		if !found {
			t.Errorf("%s has no rule: add one to the table", importer)
			continue
		}
		for _, imported := range p.Imports {
			if why := forbidden(importer, imported); why != "" {
				t.Errorf("%s imports %s: %s", importer, imported, why)
			}
			own, ours := strings.CutPrefix(imported, module)
			if ours && !slices.ContainsFunc(allowed, func(a string) bool { return a == "" || a == own }) {
				t.Errorf("%s imports %s, which its rule does not allow", importer, own)
			}
		}
	}
}

// TestFunctionsNeverLink promises that no function links a database, or a page of the console.
func TestFunctionsNeverLink(t *testing.T) {
	for _, p := range list(t) {
		if !strings.HasPrefix(p.ImportPath, module+"functions/") {
			continue
		}
		for _, dep := range p.Deps {
			if dep == module+"internal/sqlite" || strings.HasPrefix(dep, "modernc.org/") || dep == module+"internal/console" || dep == module+"web" || dep == module+"api" {
				t.Errorf("%s links %s", p.ImportPath, dep)
			}
		}
	}
}

// TestOneFunctionLinksWebAuthn promises that only the account function carries go-webauthn: every other starts faster without it.
func TestOneFunctionLinksWebAuthn(t *testing.T) {
	var linked []string
	for _, p := range list(t) {
		if strings.HasPrefix(p.ImportPath, module+"functions/") && slices.Contains(p.Deps, "github.com/go-webauthn/webauthn/protocol") {
			linked = append(linked, p.ImportPath)
		}
	}
	if want := []string{module + "functions/account"}; !slices.Equal(linked, want) {
		t.Errorf("go-webauthn is linked by %v, not by %v alone", linked, want)
	}
}

func allowedFor(importer string) ([]string, bool) {
	for _, r := range rules() {
		if under(importer, strings.TrimSuffix(r.packages, "/")) {
			return r.may, true
		}
	}
	return nil, false
}

func list(t *testing.T) []listed {
	t.Helper()
	var packages []listed
	for _, root := range []string{"../..", "../../tools/browser"} { // each has a go.mod
		cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
		cmd.Dir = root
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list in %s: %v", root, err)
		}
		for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
			var p listed
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("go list in %s: %v", root, err)
			}
			packages = append(packages, p)
		}
	}
	return packages
}
