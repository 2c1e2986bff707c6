package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// leakKit drives the binary and knows every secret that was given to it or came out of it.
type leakKit struct {
	*laptop
	secrets []string
	logged  []string // what went to standard error, and the log of serve
}

// do runs a command, keeps what it logged, and returns what it printed.
func (l *leakKit) do(stdin string, args ...string) string {
	l.Helper()
	got := l.run(stdin, args...)
	l.logged = append(l.logged, got.err)
	return got.out
}

// keep names what no log may hold.
func (l *leakKit) keep(secrets ...string) { l.secrets = append(l.secrets, secrets...) }

// keepRing keeps what of the key ring must stay in its file.
func (l *leakKit) keepRing() {
	l.Helper()
	var ring struct {
		Keys []struct {
			D string `json:"d"`
		} `json:"keys"`
		MACKey string `json:"macKey"`
	}
	if err := json.Unmarshal([]byte(l.read("keys.json")), &ring); err != nil || len(ring.Keys) == 0 || ring.MACKey == "" {
		l.Fatalf("the key ring is %+v, %v", ring, err)
	}
	l.keep(ring.MACKey)
	for _, key := range ring.Keys {
		if key.D != "" { // a key of before signs no more
			l.keep(key.D)
		}
	}
}

// TestNoCommandLeaks promises that no command prints or logs a password, a hash, a token, an API key or key material,
// but an API key once and answers where they belong, and that no log holds an e-mail address.
func TestNoCommandLeaks(t *testing.T) {
	l := &leakKit{laptop: newLaptop(t)}
	l.env["LATCHKEY_AUDIT"], l.env["LATCHKEY_LOG_LEVEL"] = l.path("audit.jsonl"), "debug"
	l.keep(secretPassword, "n3w password of ada", "hunter2", "typed-by-nobody")
	l.do("", "keys", "init")
	l.keepRing()
	var printed strings.Builder
	key := l.administer(&printed)
	l.keep(key, l.user("ada@example.com").PasswordHash)
	l.keep(l.signInEverywhere(key)...)

	for _, line := range append(l.logged, printed.String(), l.read("audit.jsonl")) {
		for _, secret := range l.secrets {
			if strings.Contains(line, secret) {
				t.Errorf("%q stands in:\n%s", secret, line)
			}
		}
	}
	served := l.logged[len(l.logged)-1]
	if !strings.Contains(served, "request failed") {
		t.Errorf("the damaged file was not noticed:\n%s", served)
	}
	for _, log := range []string{served, l.read("audit.jsonl")} {
		if strings.Contains(log, "@example.com") {
			t.Errorf("an address stands in:\n%s", log)
		}
	}
	if n := len(records(t, l.read("audit.jsonl"))); n < 20 {
		t.Errorf("only %d audit records: not everything was driven", n)
	}
}

// administer runs every command that changes or shows something, with what is wrong too, and returns an API key.
func (l *leakKit) administer(printed *strings.Builder) string {
	l.Helper()
	show := func(stdin string, args ...string) {
		l.Helper()
		printed.WriteString(l.do(stdin, args...))
	}
	l.addAda()
	show(secretPassword, "users", "add", "bob@example.com", "--password-stdin")
	show(secretPassword, "users", "add", "bob@example.com", "--password-stdin")
	show("hunter2", "users", "add", "eve@example.com", "--password-stdin") // too short
	show("", "users", "add", secretPassword)
	for _, line := range []string{
		`{"email":"a@example.com","password":"hunter2","status":"ready","unknown":"hunter2"}`, `{"email":"a@example.com","password":"hunter2`,
		`{"email":"a@example.com","password":["hunter2"],"status":"ready"}`, `{"email":"hunter2","password":"hunter2","status":"ready"}`,
		`{"email":"a@example.com","passwordHash":"$2b$12$hunter2","status":"ready"}`, `{"email":"a@example.com","password":"hunter2","password":"hunter2"}`,
		`hunter2`, `{"email":"a@example.com","password":"hunter2","status":"hunter2"}`,
	} {
		show(line+"\n", "users", "import", "-")
	}
	show("n3w password of ada", "users", "set-password", "ada@example.com", "--password-stdin")
	show(secretPassword, "users", "set-password", "ada@example.com", "--password-stdin")
	for _, command := range []string{"disable", "enable", "unlock", "sessions", "sign-out", "show"} {
		show("", "users", command, "ada@example.com")
		show("", "users", command, "nobody@example.com")
	}
	show("", "users", "list")
	key := strings.TrimSpace(l.do("", "clients", "add", "--name", "integration", "--kind", "integration"))
	show("", "clients", "list")
	show("", "clients", "disable", "0123456789abcdef")
	show("", "keys", "list")
	show("", "keys", "rotate", "--now")
	l.keepRing()
	return key
}

// signInEverywhere signs in, refreshes and looks, in all ways that go well or wrong, at serve and by events, then over
// a file that is damaged, and returns the tokens that came out.
func (l *leakKit) signInEverywhere(key string) (tokens []string) {
	l.Helper()
	s := l.serve()
	got := s.signIn("ada@example.com", secretPassword)
	for _, cookie := range got.header.Values("Set-Cookie") {
		value, _, _ := strings.Cut(cookie[strings.Index(cookie, "=")+1:], ";")
		tokens = append(tokens, value)
	}
	access, refresh := tokens[0], tokens[1]
	for _, password := range []string{"hunter2", secretPassword} {
		for _, user := range []string{"ada", "bob", "typed-by-nobody"} {
			s.signIn(user+"@example.com", password)
			s.signIn(user+"@example.com", password, "Authorization", key)
			s.post("/users/login", `{"email":"`+user+`@example.com","password":"`+password+`"}`)
		}
	}
	s.post("/api/users/login?username=ada@example.com&password=hunter2", "")
	s.post("/api/users/login", secretPassword+refresh)
	s.post("/api/users/refresh", `{"refreshToken":"`+refresh[:40]+`"}`)
	s.post("/api/users/refresh", `{"refreshToken":"`+refresh+`"}`)
	s.send("GET", "/api/users/me", "", "Authorization", "Bearer "+access)
	s.send("GET", "/api/users/me", "", "Cookie", "planpoint="+access+"; planpoint="+refresh)
	s.send("DELETE", "/api/users/sessions/"+access, "", "Authorization", "Bearer "+access)
	for _, event := range []string{
		`{"version":"2.0","rawPath":"/api/users/login","headers":{"content-type":"application/json"},"requestContext":{"http":{"method":"POST",` +
			`"sourceIp":"192.0.2.1"}},"body":"{\"username\":\"ada@example.com\",\"password\":\"hunter2\"}"}`,
		`{"version":"2.0","headers":{"authorization":"` + secretPassword + `"},"body":"` + refresh + `"}`, access,
	} {
		for _, function := range []string{"login", "session", "authorizer"} {
			l.do(event, "invoke", function, "-")
		}
	}
	if err := os.WriteFile(l.path("users.db-wal"), []byte(strings.Repeat("garbage", 1<<16)), 0o600); err != nil {
		l.Fatal(err)
	}
	if err := os.Truncate(l.path("users.db"), 5000); err != nil {
		l.Fatal(err)
	}
	s.signIn("ada@example.com", secretPassword)
	s.post("/api/users/refresh", `{"refreshToken":"`+refresh+`"}`)
	s.end()
	l.logged = append(l.logged, s.log.String())
	return slices.DeleteFunc(tokens, func(token string) bool { return token == "" })
}
