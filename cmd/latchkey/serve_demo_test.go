package main

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/admin"
)

// demo starts a demo and returns it with the curl lines that it printed, and all that it did.
func (l *laptop) demo() (*server, []string, string) {
	l.Helper()
	l.env["LATCHKEY_MAIL"] = "file:" + l.path("mails") // not in this folder
	s := l.serve("--demo")
	printed := s.printed.String()
	return s, regexp.MustCompile(`(?m)^ *curl (.*\\\n)*.*$`).FindAllString(printed, -1), printed
}

// TestDemo promises that the printed curl lines, pasted unchanged, do what their comments say.
func TestDemo(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl on PATH")
	}
	l := newLaptop(t)
	_, lines, printed := l.demo()
	if len(lines) != 3 {
		t.Fatalf("%d curl lines:\n%s", len(lines), printed)
	}
	var answers []string
	for _, line := range lines {
		if strings.Contains(line, "#") { // zsh, as Macs have it, takes no comments where one types
			t.Errorf("a comment: %s", line)
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		answers = append(answers, string(out))
	}
	for i, want := range [][]string{
		{"HTTP/1.1 200 OK", `"message":"Login successful"`, `"companyName":"Analytical Engines"`, "Max-Age=86400;", "planpointRefresh="},
		{"HTTP/1.1 200 OK", `"isSuccess":true`, `"fullName":"Grace Hopper"`},
		{"HTTP/1.1 200 OK", `"message":"Login successful"`, "Max-Age=7776000;"},
	} {
		for _, text := range want {
			if !strings.Contains(answers[i], text) {
				t.Errorf("%s\nwant %s in the answer, got:\n%s", lines[i], text, answers[i])
			}
		}
	}
	if strings.Contains(answers[2], "planpointRefresh=") {
		t.Errorf("an integration gets a refresh cookie:\n%s", answers[2])
	}
}

// TestDemoUsers promises what is printed of each user.
func TestDemoUsers(t *testing.T) {
	s, _, printed := newLaptop(t).demo()
	for _, tc := range []struct {
		user                    string
		planpoint, organization bool
	}{
		{"ada", true, false}, {"grace", true, true}, {"alan", true, false}, {"joan", false, false},
	} {
		email := tc.user + "@example.com"
		if !strings.Contains(printed, email) {
			t.Errorf("%s is not printed", email)
		}
		if got := s.signIn(email, admin.DemoPassword); (got.status == 200) != tc.planpoint {
			t.Errorf("%s: %+v", email, got)
		}
		got := s.post("/users/login", `{"email": "`+email+`", "password": "`+admin.DemoPassword+`"}`)
		if got.status != 200 || got.body["isSuccess"] != tc.organization {
			t.Errorf("%s at /users/login: %+v", email, got)
		}
	}
}

// TestDemoAgain promises that a second start on the same file works and shows a key that works, and that the key of the
// first, which may stand in somebody's scroll-back, does not.
func TestDemoAgain(t *testing.T) {
	l := newLaptop(t)
	var keys []string
	key := regexp.MustCompile(`lk_[\w-]{43}`)
	for range 2 {
		s, _, printed := l.demo()
		keys = append(keys, key.FindString(printed))
		for i, key := range keys {
			want := map[bool]int{true: 200, false: 401}[i == len(keys)-1]
			if got := s.signIn("ada@example.com", admin.DemoPassword, "Authorization", key); got.status != want {
				t.Errorf("key %d of %d: %d, want %d", i+1, len(keys), got.status, want)
			}
		}
		s.end()
	}
	if keys[0] == keys[1] || slices.Contains(keys, "") {
		t.Errorf("keys %q", keys)
	}
	if users := strings.Count(l.ok("", "users", "list"), "\n") - 1; users != 4 {
		t.Errorf("%d users", users)
	}
}

// TestDemoRefusesOthersStores promises that demo users, whose password is public, are never added to other users.
func TestDemoRefusesOthersStores(t *testing.T) {
	for _, other := range []string{
		`{"email":"eve@example.com","password":"p","status":"ready"}`,
		`{"id":"not-the-demo's","email":"ada@example.com","password":"p","status":"ready"}`,
		`{"id":"64b000000000000000000001","email":"eve@example.com","password":"p","status":"ready"}`,
	} {
		l := newLaptop(t)
		l.ok(other, "users", "import", "-")
		l.fails(exitFailed, "", []string{"serve", "--demo", "--addr", "127.0.0.1:0"}, "--demo", "--store sqlite:PATH")
		if users := strings.Count(l.ok("", "users", "list"), "\n") - 1; users != 1 {
			t.Errorf("%d users", users)
		}
	}
}
