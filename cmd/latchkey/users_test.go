package main

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

// TestUsersAdd promises a user who can sign in with the password, with what the flags say, and a hash as the settings
// say, of which nothing is shown.
func TestUsersAdd(t *testing.T) {
	l := newLaptop(t)
	got := l.run(secretPassword+"\n", "users", "add", " Ada@Example.com ", "--password-stdin", "--name", "Ada", "--last-name", "Löve",
		"--role", "editor")
	u := l.user("ada@example.com")
	if got.code != exitOK || got.out != "" || got.err != "added Ada@Example.com as "+u.ID+"\n" {
		t.Errorf("%+v", got)
	}
	if u.Email != "Ada@Example.com" || u.Role != "editor" || u.Name() != "Ada Löve" || u.Status != auth.StatusReady {
		t.Errorf("stored %+v", u)
	}
	if !strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Errorf("hash %s", u.PasswordHash)
	}
	if answer := l.serve().signIn("ada@example.com", secretPassword); answer.status != 200 || answer.body["lastName"] != "Löve" {
		t.Errorf("%+v", answer)
	}
}

// TestPasswordFromStdin promises that the password is exactly the first line without its line break.
func TestPasswordFromStdin(t *testing.T) {
	for typed, want := range map[string]string{
		"  spaces  stay  ":               "  spaces  stay  ",
		"a line's end\n":                 "a line's end",
		"a line's end elsewhere\r\n":     "a line's end elsewhere",
		"the first line\nnot the second": "the first line",
		"carriage return\r\r\n":          "carriage return\r",
		"ünïcödé ✓✓\n":                   "ünïcödé ✓✓",
	} {
		l := newLaptop(t)
		l.ok(typed, "users", "add", "ada@example.com", "--password-stdin")
		hasher := password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0)
		if match, _, err := hasher.Verify(t.Context(), l.user("ada@example.com").PasswordHash, want); !match || err != nil {
			t.Errorf("%q is not the password %q: %v", typed, want, err)
		}
	}
}

// TestUsersAddRefuses promises a reason, and that no user was made.
func TestUsersAddRefuses(t *testing.T) {
	l := newLaptop(t)
	for _, tc := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{"", []string{"ada@example.com"}, "--password-stdin"}, // no terminal
		{"", []string{"ada@example.com", "--password-stdin"}, "at least 8"},
		{"seven77\n", []string{"ada@example.com", "--password-stdin"}, "at least 8"},
		{strings.Repeat("x", 1025) + "\n", []string{"ada@example.com", "--password-stdin"}, "at most 256"},
		{strings.Repeat("x", 9000) + "\n", []string{"ada@example.com", "--password-stdin"}, "at most 256"},
		{"NUL\x00NUL\x00NUL\n", []string{"ada@example.com", "--password-stdin"}, "NUL"},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\n", []string{"ada@example.com", "--password-stdin"}, "UTF-8"},
	} {
		got := l.fails(exitFailed, tc.stdin, append([]string{"users", "add"}, tc.args...), tc.want)
		if len(tc.stdin) > 1 && strings.Contains(got.err, strings.TrimSpace(tc.stdin)) {
			t.Errorf("the password is shown: %s", got.err)
		}
	}
	if list := l.ok("", "users", "list"); strings.Count(list, "\n") != 1 {
		t.Errorf("there are users:\n%s", list)
	}
	l.addAda()
	before := l.user("ada@example.com")
	l.fails(exitFailed, "another password\n", []string{"users", "add", "ADA@example.com", "--password-stdin"},
		"ADA@example.com already exists", "latchkey users show")
	if l.user("ada@example.com").PasswordHash != before.PasswordHash {
		t.Error("the user changed")
	}
}

// TestUsersShow promises all that is known of a user as JSON, but of the hash no more than its scheme.
func TestUsersShow(t *testing.T) {
	for hash, scheme := range map[string]string{
		"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg":        "argon2id",
		"$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy":         "bcrypt",
		"pbkdf2_sha256$1000$0123456789$ZGlnZXN0ZGlnZXN0ZGlnZQ==":               "PBKDF2 of Django",
		"scrypt:32:8:1$0123456789$64696765737464696765737464696765":            "scrypt of Werkzeug",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==": "ASP.NET Identity 2",
		"":                             "none",
		"sha1$saltsalt$digestdigest":   "unknown",
		"!":                            "unknown",
		"$argon2id-digest-and-no-more": "unknown",
	} {
		l := newLaptop(t)
		l.addAda()
		u := l.user("ada@example.com")
		u.PasswordHash, u.Profile.City, u.Role = hash, "<Zürich>", "editor"
		if err := l.store().UpdateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		out := l.ok("", "users", "show", "ada@example.com")
		var shown struct {
			ID, Email, Identifier, Status, Role, PasswordHash string
			Profile                                           struct{ City string }
			Accounts                                          []struct{ UserType string }
		}
		if err := json.Unmarshal([]byte(out), &shown); err != nil {
			t.Fatal(err)
		}
		if shown.ID != "u-ada" || shown.Identifier != "ada@example.com" || shown.Status != "ready" || shown.Role != "editor" ||
			shown.Profile.City != "<Zürich>" || len(shown.Accounts) != 1 || !strings.Contains(out, `"<Zürich>"`) {
			t.Errorf("shown:\n%s", out)
		}
		if shown.PasswordHash != scheme {
			t.Errorf("of %q it shows %q", hash, shown.PasswordHash)
		}
		for part := range strings.SplitSeq(hash, "$") {
			if len(part) > len("argon2id") && strings.Contains(out, part) {
				t.Errorf("it shows %q of the hash", part)
			}
		}
	}
}

// TestUsersAreNamed promises that a user is found by address, in any spelling, and by id, even one that looks like an address;
// and that an unknown name is an error that names the store.
func TestUsersAreNamed(t *testing.T) {
	l := newLaptop(t)
	l.ok(`{"id":"64b0","email":"ada@example.com","password":"p","status":"ready"}
{"id":"old@example.com","email":"new@example.com","password":"p","status":"ready"}
{"id":"grace@example.com","email":"hopper@example.com","password":"p","status":"ready"}
{"id":"u4","email":"grace@example.com","password":"p","status":"ready"}
{"id":"UPPER","email":"u@bücher.example","password":"p","status":"ready"}`, "users", "import", "-")
	for name, want := range map[string]string{
		"ada@example.com": "64b0", " ADA@EXAMPLE.COM": "64b0", "64b0": "64b0", "old@example.com": "old@example.com",
		"grace@example.com": "u4", "hopper@example.com": "grace@example.com", "UPPER": "UPPER", "u@xn--bcher-kva.example": "UPPER",
	} {
		var shown struct{ ID string }
		if err := json.Unmarshal([]byte(l.ok("", "users", "show", name)), &shown); err != nil || shown.ID != want {
			t.Errorf("%s is %s, want %s: %v", name, shown.ID, want, err)
		}
	}
	for _, name := range []string{"nobody@example.com", "upper", "", " "} {
		for _, command := range []string{"show", "set-password", "disable", "enable"} {
			l.fails(exitFailed, "", []string{"users", command, name}, "there is no user "+name, l.path("users.db"))
		}
	}
}

// TestUsersList promises a line for each user.
func TestUsersList(t *testing.T) {
	l := newLaptop(t)
	l.ok(`{"id":"u1","email":"ada@example.com","password":"p","status":"ready","role":"editor"}
{"id":"u2","email":"joan@example.com","status":"pending"}`, "users", "import", "-")
	want := "ID  EMAIL             STATUS   ROLE\nu1  ada@example.com   ready    editor\nu2  joan@example.com  pending  \n"
	if got := l.ok("", "users", "list"); got != want {
		t.Errorf("want\n%sgot\n%s", want, got)
	}
}

// TestSetPassword promises that the new password counts and the old one does not, and that the user's sessions end.
func TestSetPassword(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	cookies := refreshCookie(t, s.signIn("ada@example.com", secretPassword))
	before := l.user("ada@example.com")
	got := l.run("a new password\n", "users", "set-password", "u-ada", "--password-stdin")
	if got.code != exitOK || got.err != "set the password of ada@example.com and ended their sessions\n" {
		t.Errorf("%+v", got)
	}
	after := l.user("ada@example.com")
	if after.PasswordEpoch != before.PasswordEpoch+1 || after.Version != before.Version+1 {
		t.Errorf("epoch %d and version %d, after %d and %d", after.PasswordEpoch, after.Version, before.PasswordEpoch, before.Version)
	}
	if sessions, err := l.store().SessionsOf(t.Context(), "u-ada", "", 1000); err != nil || len(sessions) > 0 {
		t.Errorf("sessions %v, %v", sessions, err)
	}
	if got := s.post("/api/users/refresh", "{}", "Cookie", cookies); got.status != 401 {
		t.Errorf("refresh: %+v", got)
	}
	if got := s.signIn("ada@example.com", secretPassword); got.status != 401 {
		t.Errorf("the old password: %+v", got)
	}
	if got := s.signIn("ada@example.com", "a new password"); got.status != 200 {
		t.Errorf("the new password: %+v", got)
	}
	l.fails(exitFailed, "short\n", []string{"users", "set-password", "u-ada", "--password-stdin"}, "at least 8")
	if l.user("ada@example.com").PasswordEpoch != after.PasswordEpoch {
		t.Error("a password that was refused ended sessions")
	}
}

// TestDisabledMeanwhile promises that a session which was opened while its user was disabled, or could not be deleted then,
// does not come back to life when they are enabled.
func TestDisabledMeanwhile(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	cookies := refreshCookie(t, s.signIn("ada@example.com", secretPassword))
	sessions, err := l.store().SessionsOf(t.Context(), "u-ada", "", 1000)
	if err != nil || len(sessions) != 1 {
		t.Fatalf("sessions %v, %v", sessions, err)
	}
	l.ok("", "users", "disable", "u-ada")
	if err := l.store().PutSession(t.Context(), sessions[0]); err != nil {
		t.Fatal(err)
	}
	l.ok("", "users", "enable", "u-ada")
	if got := s.post("/api/users/refresh", "{}", "Cookie", cookies); got.status != 401 {
		t.Errorf("refresh: %+v", got)
	}
	if got := s.signIn("ada@example.com", secretPassword); got.status != 200 {
		t.Errorf("a new sign-in: %+v", got)
	}
}

// TestDisable promises that a disabled user cannot sign in or refresh, that an enabled one can sign in again with the same
// password, and that both can be repeated.
func TestDisable(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	cookies := refreshCookie(t, s.signIn("ada@example.com", secretPassword))
	for range 2 {
		if got := l.run("", "users", "disable", "ada@example.com"); got.code != exitOK || got.err != "disabled ada@example.com\n" {
			t.Errorf("%+v", got)
		}
	}
	if got := s.signIn("ada@example.com", secretPassword); got.status != 401 {
		t.Errorf("a disabled user signs in: %+v", got)
	}
	for range 2 {
		if got := l.run("", "users", "enable", "u-ada"); got.code != exitOK || got.err != "enabled ada@example.com\n" {
			t.Errorf("%+v", got)
		}
	}
	if got := s.post("/api/users/refresh", "{}", "Cookie", cookies); got.status != 401 {
		t.Errorf("the session of before goes on: %+v", got)
	}
	if got := s.signIn("ada@example.com", secretPassword); got.status != 200 {
		t.Errorf("an enabled user: %+v", got)
	}
}

// refreshCookie returns the header that sends the refresh cookie of the answer back.
func refreshCookie(t *testing.T, signedIn reply) string {
	t.Helper()
	for _, cookie := range signedIn.header.Values("Set-Cookie") {
		if strings.HasPrefix(cookie, "planpointRefresh=") {
			pair, _, _ := strings.Cut(cookie, ";")
			return pair
		}
	}
	t.Fatalf("no refresh cookie: %+v", signedIn)
	return ""
}
