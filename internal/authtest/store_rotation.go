package authtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
)

func rotationPromises() []promise {
	return []promise{
		{"session and user", sessionAndUser},
		{"rotate", sessionRotates},
		{"rotate from another generation", sessionRotatesConflict},
		{"rotate an ended session", sessionRotatesGone},
		{"rotate concurrently", sessionRotatesConcurrently},
		{"rotate by several generations", sessionRotatesOn},
		{"rotate while it ends", sessionRotatesWhileItEnds},
		{"sessions of one user", sessionsOf},
		{"end one", sessionEnds},
		{"limit", sessionsLimited},
	}
}

func publicKeysPromises() []promise {
	return []promise{{"public keys", publicKeys}}
}

func sessionAndUser(t *testing.T, s Store) {
	ada := create(t, s, Ada())
	session := put(t, s, newSession(ada.ID, "s1"))
	orphan := put(t, s, newSession("nobody", "s1"))
	gotSession, gotUser, err := s.SessionAndUser(t.Context(), ada.ID, session.ID)
	if err != nil {
		t.Fatalf("SessionAndUser: %v", err)
	}
	if d := diff(session, gotSession) + diff(ada, gotUser); d != "" {
		t.Errorf("SessionAndUser differs (-want +got):\n%s", d)
	}
	for _, absent := range [][2]string{{ada.ID, "s2"}, {orphan.UserID, orphan.ID}, {"grace", session.ID}, {"", ""}} {
		_, _, err := s.SessionAndUser(t.Context(), absent[0], absent[1])
		wantError(t, fmt.Sprintf("SessionAndUser(%q)", absent), err, auth.ErrNotFound)
	}
}

// rotated is the session one generation later, in every field that a rotation stores.
func rotated(s auth.Session) auth.Session {
	s.Generation++
	s.RotatedAt, s.LastUsedAt = s.RotatedAt.Add(time.Minute), s.LastUsedAt.Add(2*time.Minute)
	s.ExpiresAt = s.ExpiresAt.Add(3 * time.Minute)
	return s
}

func sessionRotates(t *testing.T, s Store) {
	full := Filled[auth.Session]()
	full.ExpiresAt = time.Now().UTC().Truncate(time.Millisecond).Add(time.Hour)
	session, other := put(t, s, full), put(t, s, newSession(full.UserID, "other"))
	next := rotated(session)
	written := next
	written.Nonce, written.Client, written.PasswordEpoch = "not", "stored", 99 // fields that a rotation does not change
	if err := s.RotateSession(t.Context(), written, session.Generation); err != nil {
		t.Fatalf("RotateSession: %v", err)
	}
	wantSession(t, s, next)
	wantSession(t, s, other)
}

func sessionRotatesConflict(t *testing.T, s Store) {
	session := put(t, s, newSession("ada", "s1"))
	for _, from := range []int64{session.Generation - 1, session.Generation + 1} {
		wantError(t, "RotateSession", s.RotateSession(t.Context(), rotated(session), from), auth.ErrConflict)
	}
	wantSession(t, s, session)
}

func sessionRotatesGone(t *testing.T, s Store) {
	session := put(t, s, newSession("ada", "s1"))
	if err := s.EndSession(t.Context(), "ada", "s1"); err != nil {
		t.Fatalf("EndSession: %v", err)
	}
	wantError(t, "RotateSession", s.RotateSession(t.Context(), rotated(session), session.Generation), auth.ErrNotFound)
	wantNoSession(t, s, "ada", "s1") // an ended session never comes back
}

func sessionRotatesConcurrently(t *testing.T, s Store) {
	session := put(t, s, newSession("ada", "s1"))
	const callers = 20
	errs := make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { errs[i] = s.RotateSession(t.Context(), rotated(session), session.Generation) })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, auth.ErrConflict):
			t.Errorf("a loser got %v, want ErrConflict", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d rotations from one generation won, want 1", won, callers)
	}
	wantSession(t, s, rotated(session))
}

// A store that lost its last rotations in a power cut gets the newest generation.
func sessionRotatesOn(t *testing.T, s Store) {
	session := put(t, s, newSession("ada", "s1"))
	next := rotated(rotated(rotated(session)))
	if err := s.RotateSession(t.Context(), next, session.Generation); err != nil {
		t.Fatalf("RotateSession: %v", err)
	}
	wantSession(t, s, next)
}

func sessionRotatesWhileItEnds(t *testing.T, s Store) {
	for i := range 20 {
		id := fmt.Sprintf("s-%03d", i)
		session := put(t, s, newSession("ada", id))
		var rotateErr, endErr error
		var both sync.WaitGroup
		both.Go(func() { rotateErr = s.RotateSession(t.Context(), rotated(session), session.Generation) })
		both.Go(func() { endErr = s.EndSession(t.Context(), "ada", id) })
		both.Wait()
		if endErr != nil || rotateErr != nil && !errors.Is(rotateErr, auth.ErrNotFound) {
			t.Errorf("EndSession: %v; RotateSession: %v, want nil or ErrNotFound", endErr, rotateErr)
		}
		wantNoSession(t, s, "ada", id)
	}
}

func sessionsOf(t *testing.T, s Store) {
	create(t, s, Ada())
	var want []auth.Session
	for i := range 120 {
		want = append(want, put(t, s, newSession("ada", fmt.Sprintf("s-%03d", i))))
	}
	put(t, s, newSession("adam", "s-000"))
	slices.Reverse(want) // from the greatest id
	for _, test := range []struct {
		before string
		limit  int
		want   []auth.Session
	}{
		{"", 1000, want}, {"", 120, want}, {"", 7, want[:7]}, {"s-113", 7, want[7:14]}, {"s-003", 7, want[117:]},
		{"s-000", 7, nil}, {"r", 7, nil}, {"t", 2, want[:2]}, {"s-0035", 1, want[116:117]}, {"\xff", 7, nil},
	} {
		got, err := s.SessionsOf(t.Context(), "ada", test.before, test.limit)
		if test.before == "\xff" { // not an id: any answer but a failure
			test.want = got
		}
		if d := diff(test.want, got); err != nil || d != "" {
			t.Errorf("SessionsOf before %q, at most %d: %v, differs (-want +got):\n%s", test.before, test.limit, err, d)
		}
	}
	if none, err := s.SessionsOf(t.Context(), "nobody", "", 1000); err != nil || len(none) != 0 {
		t.Errorf("SessionsOf a user without any = %v, %v", none, err)
	}
}

func sessionEnds(t *testing.T, s Store) {
	put(t, s, newSession("ada", "s1"))
	kept := put(t, s, newSession("ada", "s2"))
	for range 2 { // a second call succeeds too
		if err := s.EndSession(t.Context(), "ada", "s1"); err != nil {
			t.Fatalf("EndSession: %v", err)
		}
	}
	wantNoSession(t, s, "ada", "s1")
	wantSession(t, s, kept)
}

func sessionsLimited(t *testing.T, s Store) {
	mine := func(user, client string, i int) auth.Session {
		session := newSession(user, fmt.Sprintf("s-%03d-%s", i, client))
		session.Client = client
		return put(t, s, session)
	}
	var all []auth.Session
	for i := range 70 { // more goes than a DynamoDB batch takes
		all = append(all, mine("ada", "key", i))
	}
	kept := []auth.Session{mine("ada", "", 0), mine("ada", "other", 0), mine("adam", "key", 0)}
	for keep, want := range map[int]int{100: 70, 70: 70} {
		limit(t, s, keep)
		wantStored(t, s, all[70-want:]...)
	}
	limit(t, s, 5)
	for _, gone := range all[:65] {
		wantNoSession(t, s, gone.UserID, gone.ID)
	}
	wantStored(t, s, append(all[65:], kept...)...)
	if err := s.LimitSessions(t.Context(), "nobody", "", 5); err != nil {
		t.Errorf("LimitSessions of a user without any: %v", err)
	}
}

func limit(t *testing.T, s Store, keep int) {
	t.Helper()
	if err := s.LimitSessions(t.Context(), "ada", "key", keep); err != nil {
		t.Fatalf("LimitSessions to %d: %v", keep, err)
	}
}

func wantStored(t *testing.T, s Store, sessions ...auth.Session) {
	t.Helper()
	for _, session := range sessions {
		wantSession(t, s, session)
	}
}

func publicKeys(t *testing.T, s Store) {
	_, err := s.PublicKeys(t.Context())
	wantError(t, "PublicKeys", err, auth.ErrNotFound)
	for _, jwks := range []string{`{"keys":[]}`, `{"keys":[{"kty":"EC"}]}`} {
		if err := s.PutPublicKeys(t.Context(), []byte(jwks)); err != nil {
			t.Fatalf("PutPublicKeys: %v", err)
		}
		if got, err := s.PublicKeys(t.Context()); err != nil || string(got) != jwks {
			t.Errorf("PublicKeys = %q, %v; want %q", got, err, jwks)
		}
	}
}
