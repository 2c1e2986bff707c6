package authtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/internal/auth"
)

func sessionPromises() []promise {
	return []promise{
		{"every field", sessionFields},
		{"absent", sessionAbsent},
		{"id taken", sessionTaken},
		{"expired", sessionExpired},
		{"end all of one user", sessionsEnd},
		{"end none", sessionsEndNone},
	}
}

func newSession(userID, id string) auth.Session {
	now := time.Now().UTC().Truncate(time.Millisecond) // a store may delete expired sessions by the real clock
	return auth.Session{
		ID: id, UserID: userID, Contract: "planpoint",
		CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

func put(t *testing.T, s Store, session auth.Session) auth.Session {
	t.Helper()
	if err := s.PutSession(t.Context(), session); err != nil {
		t.Fatalf("PutSession(%.40q): %v", session.ID, err)
	}
	return session
}

func wantSession(t *testing.T, s Store, want auth.Session) {
	t.Helper()
	got, err := s.Session(t.Context(), want.UserID, want.ID)
	if err != nil {
		t.Fatalf("Session(%.40q, %.40q): %v", want.UserID, want.ID, err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("Session(%.40q, %.40q) differs (-want +got):\n%s", want.UserID, want.ID, d)
	}
}

func wantNoSession(t *testing.T, s Store, userID, id string) {
	t.Helper()
	_, err := s.Session(t.Context(), userID, id)
	wantError(t, fmt.Sprintf("Session(%.40q, %.40q)", userID, id), err, auth.ErrNotFound)
}

func sessionFields(t *testing.T, s Store) {
	full := Filled[auth.Session]()
	full.ExpiresAt = time.Now().UTC().Truncate(time.Millisecond).Add(time.Hour)
	wantSession(t, s, put(t, s, full))
	wantSession(t, s, put(t, s, newSession("ada", "plain")))
}

func sessionAbsent(t *testing.T, s Store) {
	session := put(t, s, newSession("ada", "s1"))
	wantNoSession(t, s, "ada", "s2")
	wantNoSession(t, s, "ada", "S1")
	wantNoSession(t, s, "grace", session.ID) // a session belongs to one user
	wantSession(t, s, session)
}

func sessionTaken(t *testing.T, s Store) {
	session := put(t, s, newSession("ada", "s1"))
	second := session
	second.Nonce, second.Client = "another", "another"
	wantError(t, "PutSession", s.PutSession(t.Context(), second), auth.ErrConflict)
	wantSession(t, s, session)
}

func sessionExpired(t *testing.T, s Store) {
	expired := newSession("ada", "expired")
	expired.CreatedAt, expired.ExpiresAt = Start(), Start().Add(time.Hour)
	put(t, s, expired)
	live := put(t, s, newSession("ada", "live"))
	if _, err := s.Session(t.Context(), "ada", expired.ID); !errors.Is(err, auth.ErrNotFound) {
		wantSession(t, s, expired) // unchanged, so that callers see that it has expired
	}
	wantSession(t, s, live)
}

func sessionsEnd(t *testing.T, s Store) {
	create(t, s, Ada())
	var kept []auth.Session
	for _, other := range []string{"grace", "ad", "adam", "ada#", "ada#s", "ADA"} {
		kept = append(kept, put(t, s, newSession(other, "s-001")))
	}
	for i := range 120 { // more than one DynamoDB batch or transaction
		put(t, s, newSession("ada", fmt.Sprintf("s-%03d", i)))
	}
	if err := s.EndSessions(t.Context(), "ada", "s-007"); err != nil {
		t.Fatalf("EndSessions: %v", err)
	}
	for i := range 120 {
		wantNoSession(t, s, "ada", fmt.Sprintf("s-%03d", i))
	}
	for _, session := range kept {
		wantSession(t, s, session)
	}
	wantUser(t, s, func() auth.User { u := Ada(); u.Version = 1; return u }())
	wantSession(t, s, put(t, s, newSession("ada", "s-001"))) // the next sign-in works
}

func sessionsEndNone(t *testing.T, s Store) {
	create(t, s, Ada())
	for _, userID := range []string{"ada", "nobody"} {
		if err := s.EndSessions(t.Context(), userID, "s-007"); err != nil {
			t.Errorf("EndSessions(%q): %v", userID, err)
		}
	}
}
