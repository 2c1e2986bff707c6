package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// newSession returns one of ada's sessions as a sign-in stores it, opened this many hours ago.
func newSession(id string, hours time.Duration) auth.Session {
	opened := time.Now().UTC().Truncate(time.Second).Add(-hours * time.Hour)
	return auth.Session{
		ID: id, UserID: "u-ada", Nonce: "nonce", Generation: 1, Contract: "planpoint", Source: "203.0.113.7",
		CreatedAt: opened, RotatedAt: opened, LastUsedAt: opened, ExpiresAt: opened.Add(7 * 24 * time.Hour),
	}
}

func (l *laptop) putSessions(sessions ...auth.Session) {
	l.Helper()
	for _, s := range sessions {
		s.PasswordEpoch = l.user("ada@example.com").PasswordEpoch
		if err := l.store().PutSession(l.Context(), s); err != nil {
			l.Fatal(err)
		}
	}
}

func (l *laptop) hasSession(id string) bool {
	l.Helper()
	_, err := l.store().Session(l.Context(), "u-ada", id)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		l.Fatal(err)
	}
	return err == nil
}

// TestUsersSessions promises a line for each live session, the newest first, impersonations marked, and no tokens.
func TestUsersSessions(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	older, newer, expired, foreign := newSession("older", 48), newSession("newer", 1), newSession("expired", 200), newSession("foreign", 1)
	older.Client, older.LastUsedAt, older.Source = "0123456789abcdef", older.LastUsedAt.Add(time.Hour), ""
	foreign.UserID = "u-bob"
	helped, helping := newSession("helped", 3), newSession("helping", 4)
	helped.ActorID, helping.TargetID = "u-bob", "u-eve"
	l.putSessions(older, newer, expired, foreign, helped, helping)
	at := func(t time.Time) string { return t.Format(time.RFC3339) }
	want := strings.Join([]string{
		"ID       CREATED               LAST USED             SOURCE       CLIENT            EXPIRES               IMPERSONATION",
		"newer    " + at(newer.CreatedAt) + "  " + at(newer.CreatedAt) + "  203.0.113.7  -                 " + at(newer.ExpiresAt) + "  -",
		"helped   " + at(helped.CreatedAt) + "  " + at(helped.CreatedAt) + "  203.0.113.7  -                 " + at(helped.ExpiresAt) + "  by u-bob",
		"helping  " + at(helping.CreatedAt) + "  " + at(helping.CreatedAt) + "  203.0.113.7  -                 " + at(helping.ExpiresAt) + "  of u-eve",
		"older    " + at(older.CreatedAt) + "  " + at(older.LastUsedAt) + "  -            0123456789abcdef  " + at(older.ExpiresAt) + "  -",
	}, "\n") + "\n"
	for _, name := range []string{"u-ada", "ADA@example.com"} {
		if got := l.run("", "users", "sessions", name); got.out != want || got.err != "" || got.code != exitOK {
			t.Errorf("want\n%sgot\n%s%s", want, got.out, got.err)
		}
	}
	l.ok("", "users", "disable", "u-ada")
	if got := l.ok("", "users", "sessions", "u-ada"); strings.Count(got, "\n") != 1 {
		t.Errorf("a disabled user has sessions:\n%s", got)
	}
	l.fails(exitFailed, "", []string{"users", "sessions", "nobody@example.com"}, "there is no user nobody@example.com")
}

// TestUsersSignOut promises that all sessions of the user end, or the one that is named, and no other; and that the
// user can sign in again.
func TestUsersSignOut(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	cookie := refreshCookie(t, s.signIn("ada@example.com", secretPassword))
	foreign := newSession("foreign", 1)
	foreign.UserID = "u-bob"
	l.putSessions(newSession("s1", 1), newSession("s2", 1), newSession("expired", 200), foreign)

	got := l.run("", "users", "sign-out", "ada@example.com", "--session", "s1")
	if got.code != exitOK || got.out != "" || got.err != "sessions of ada@example.com ended: 1\n" {
		t.Errorf("%+v", got)
	}
	if l.hasSession("s1") || !l.hasSession("s2") {
		t.Error("the wrong session ended")
	}
	for _, id := range []string{"s1", "foreign", "unknown", "expired", ""} {
		l.fails(exitFailed, "", []string{"users", "sign-out", "u-ada", "--session", id},
			"ada@example.com has no such session", "latchkey users sessions")
	}

	if got := l.run("", "users", "sign-out", "u-ada"); got.code != exitOK || got.err != "sessions of ada@example.com ended: 2\n" {
		t.Errorf("%+v", got)
	}
	if l.hasSession("s2") || l.hasSession("expired") {
		t.Error("a session is left")
	}
	if _, err := l.store().Session(t.Context(), "u-bob", "foreign"); err != nil {
		t.Errorf("another user's session: %v", err)
	}
	if got := s.post("/api/users/refresh", "{}", "Cookie", cookie); got.status != 401 {
		t.Errorf("refresh: %+v", got)
	}
	if got := l.run("", "users", "sign-out", "u-ada"); got.code != exitOK || got.err != "sessions of ada@example.com ended: 0\n" {
		t.Errorf("again: %+v", got)
	}
	if got := s.signIn("ada@example.com", secretPassword); got.status != 200 {
		t.Errorf("the next sign-in: %+v", got)
	}
	l.fails(exitFailed, "", []string{"users", "sign-out", "nobody@example.com"}, "there is no user nobody@example.com")
}

// TestUsersSignOutIsAudited promises one record with the user, the operator, and the session if it is a single one.
func TestUsersSignOutIsAudited(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.putSessions(newSession("s1", 1), newSession("s2", 1))
	l.env["LATCHKEY_AUDIT"] = ""
	for _, test := range []struct {
		args                           []string
		outcome, reason, user, session any
	}{
		{[]string{"u-ada", "--session", "s1"}, "success", "ok", "u-ada", "s1"},
		{[]string{"u-ada", "--session", secretPassword}, "refused", "not_found", "u-ada", nil},
		{[]string{"u-ada"}, "success", "ok", "u-ada", nil},
		{[]string{"nobody"}, "refused", "not_found", nil, nil},
	} {
		got := records(t, l.run("", append([]string{"users", "sign-out"}, test.args...)...).err)
		if len(got) != 1 || got[0]["event"] != "user_sign_out" || got[0]["operator"] != operator() || got[0]["outcome"] != test.outcome ||
			got[0]["reason"] != test.reason || got[0]["user"] != test.user || got[0]["session"] != test.session {
			t.Errorf("%q: audited %v", test.args, got)
		}
	}
	if got := records(t, l.run("", "users", "sessions", "u-ada").err); len(got) > 0 {
		t.Errorf("looking is audited: %v", got)
	}
}
