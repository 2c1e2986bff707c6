package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"latchkey/internal/auth"
)

// TestUsersUpdate promises that what is said changes and nothing else, sessions least of all, and that a new address is
// the one to sign in with.
func TestUsersUpdate(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	cookie := refreshCookie(t, s.signIn("ada@example.com", secretPassword))
	before := l.user("ada@example.com")
	got := l.run(`{"city":"London","accounts":[{"organizationId":"o1","organizationName":"New","userType":"Viewer"}],"role":"lost to the flag"}`,
		"users", "update", "ADA@example.com", "--json", "-", "--email", "Countess@Example.com", "--role", "admin", "--last-name", "King")
	if got.code != exitOK || !strings.HasPrefix(got.err, "updated Countess@Example.com\n") || !strings.Contains(got.err, "for up to 1 hour") || got.out != "" {
		t.Fatalf("%+v", got)
	}
	after := l.user("countess@example.com")
	if after.Email != "Countess@Example.com" || after.Role != "admin" || after.Profile.LastName != "King" || after.Profile.City != "London" ||
		after.Accounts[0].UserType != "Viewer" || after.UpdatedAt.Equal(before.UpdatedAt) {
		t.Errorf("%+v", after)
	}
	if after.ID != before.ID || after.PasswordHash != before.PasswordHash || after.PasswordEpoch != before.PasswordEpoch ||
		after.Profile.Name != before.Profile.Name || !after.CreatedAt.Equal(before.CreatedAt) || after.Status != before.Status {
		t.Errorf("before %+v\nafter  %+v", before, after)
	}
	if got := s.post("/api/users/refresh", "{}", "Cookie", cookie); got.status != 200 {
		t.Errorf("the session has ended: %+v", got)
	}
	for email, want := range map[string]int{"ada@example.com": 401, "countess@example.com": 200} {
		if got := s.signIn(email, secretPassword); got.status != want {
			t.Errorf("%s: %+v", email, got)
		}
	}
	l.ok("", "users", "update", "u-ada", "--name", "", "--json", `{"city":null}`)
	if u := l.user("countess@example.com"); u.Profile.Name != "" || u.Profile.City != "" || u.Profile.LastName != "King" {
		t.Errorf("%+v", u.Profile)
	}
}

// TestUsersUpdateRefuses promises a reason, and that nothing changed.
func TestUsersUpdateRefuses(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.ok(`{"id":"u-bob","email":"bob@example.com","password":"p","status":"ready"}`, "users", "import", "-")
	before := l.user("ada@example.com")
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"u-ada", "--email", "BOB@example.com"}, "BOB@example.com is the address of another user, u-bob"},
		{[]string{"u-ada", "--email", "no address"}, "email: "},
		{[]string{"u-ada", "--role", "a\x07"}, "role must be"},
		{[]string{"u-ada", "--json", `{"passwordHash":"x"}`}, "set-password"},
		{[]string{"u-ada", "--json", `{"status":"disabled"}`}, "users disable"},
		{[]string{"u-ada", "--json", `{"id":"u-eve"}`}, `"id" cannot be changed`},
		{[]string{"u-ada", "--json", `{"rolle":"x"}`}, `unknown member "rolle"`},
		{[]string{"u-ada", "--json", `[`}, "not a JSON object"},
		{[]string{"u-ada", "--json", `{"city":`}, "not valid JSON"},
		{[]string{"u-eve", "--role", "x"}, "there is no user u-eve"},
	} {
		l.fails(exitFailed, "", append([]string{"users", "update"}, tc.args...), tc.want)
	}
	if after := l.user("ada@example.com"); after.Version != before.Version {
		t.Errorf("changed: %+v", after)
	}
}

// TestUsersDelete promises that nothing is left of a deleted user: no way to sign in, no session, and the address is free. A later
// user with the same id does not inherit a session.
func TestUsersDelete(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	signedIn := s.signIn("ada@example.com", secretPassword)
	cookie := refreshCookie(t, signedIn)
	session, err := l.store().SessionsOf(t.Context(), "u-ada", "", 1000)
	if err != nil || len(session) != 1 {
		t.Fatal(session, err)
	}
	l.fails(exitUsage, "", []string{"users", "delete", "ada@example.com"}, "--yes is missing")
	l.user("ada@example.com")
	if got := l.run("", "users", "delete", "ADA@example.com", "--yes"); got.code != exitOK || got.err != "deleted ada@example.com, who was u-ada\n" {
		t.Errorf("%+v", got)
	}
	gone := func() {
		t.Helper()
		if got := s.post("/api/users/refresh", "{}", "Cookie", cookie); got.status != 401 {
			t.Errorf("refresh: %+v", got)
		}
		if got := s.send("GET", "/api/users/me", "", "Authorization", "Bearer "+signedIn.body["access_token"].(string)); got.status != 401 {
			t.Errorf("me: %+v", got)
		}
	}
	gone()
	if got := s.signIn("ada@example.com", secretPassword); got.status != 401 {
		t.Errorf("sign in: %+v", got)
	}
	if left, err := l.store().SessionsOf(t.Context(), "u-ada", "", 1000); err != nil || len(left) > 0 {
		t.Errorf("sessions: %v, %v", left, err)
	}
	l.fails(exitFailed, "", []string{"users", "delete", "u-ada", "--yes"}, "there is no user u-ada")

	l.addAda()
	if err := l.store().PutSession(t.Context(), session[0]); err != nil { // of a sign-in that was under way
		t.Fatal(err)
	}
	gone()
	if got := s.signIn("ada@example.com", secretPassword); got.status != 200 {
		t.Errorf("sign in of the new user: %+v", got)
	}
}

// TestUsersDeleteAsks promises that on a terminal nobody is deleted by a slip of the hand.
func TestUsersDeleteAsks(t *testing.T) {
	for typed, deleted := range map[string]bool{"delete\n": true, "y\n": false, "\n": false, "\x03": false, "\x04": false} {
		l, p := newLaptop(t), newPTY(t)
		l.addAda()
		cmd := l.process(t.Context(), "users", "delete", "ada@example.com")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = p.process, p.process, p.process
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		p.expect("Delete ada@example.com (u-ada), created ")
		p.expect("Type 'delete': ")
		fmt.Fprint(p, typed)
		p.expect(map[bool]string{true: "deleted ada@example.com", false: "nothing was deleted"}[deleted])
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); (code == exitOK) != deleted {
			t.Errorf("%q: exit %d", typed, code)
		}
		if users := strings.Count(l.ok("", "users", "list"), "\n") - 1; (users == 0) != deleted {
			t.Errorf("%q: %d users", typed, users)
		}
	}
}

// TestEnableNeedsPassword promises that nobody becomes ready who could not sign in, and could not be imported again.
func TestEnableNeedsPassword(t *testing.T) {
	l := newLaptop(t)
	l.ok(`{"email":"joan@example.com","status":"pending"}`, "users", "import", "-")
	l.fails(exitFailed, "", []string{"users", "enable", "joan@example.com"}, "joan@example.com has no password yet", "users set-password joan@example.com")
	if u := l.user("joan@example.com"); u.Status != auth.StatusPending {
		t.Errorf("%+v", u)
	}
	l.ok(secretPassword, "users", "set-password", "joan@example.com", "--password-stdin")
	l.ok("", "users", "enable", "joan@example.com")
	if got := l.serve().signIn("joan@example.com", secretPassword); got.status != 200 {
		t.Errorf("%+v", got)
	}
}
