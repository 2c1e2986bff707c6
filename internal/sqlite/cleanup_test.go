package sqlite_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

func TestExpiredSessionsAreClearedAway(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	clock := authtest.NewClock()
	put := func(user, id int, life time.Duration) {
		must(t, s.PutSession(t.Context(), auth.Session{
			ID: fmt.Sprint(id), UserID: fmt.Sprintf("user-%d", user), CreatedAt: clock.Now(), ExpiresAt: clock.Now().Add(life),
		}))
	}
	const some = 300
	for i := range some {
		put(i%7, i, time.Hour)
	}
	for i := range some {
		put(i%7, some+i, 100*time.Hour)
	}
	clock.Advance(time.Hour + time.Millisecond)
	for i := range 3 * some { // others sign in: room for a pass from wherever it starts
		put(1000+i, i, time.Hour)
	}
	for i := range some {
		userID := fmt.Sprintf("user-%d", i%7)
		if _, err := s.Session(t.Context(), userID, fmt.Sprint(i)); !errors.Is(err, auth.ErrNotFound) {
			t.Fatalf("expired session %d: %v, want not found", i, err)
		}
		if _, err := s.Session(t.Context(), userID, fmt.Sprint(some+i)); err != nil {
			t.Fatalf("live session %d: %v", some+i, err)
		}
	}
}

func TestShortRunsClearAwayToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	clock := authtest.NewClock()
	s := open(t, path)
	for i := range 150 {
		must(t, s.PutSession(t.Context(), auth.Session{
			ID: fmt.Sprint(i), UserID: "ada", CreatedAt: clock.Now(), ExpiresAt: clock.Now().Add(time.Hour),
		}))
	}
	must(t, s.Close())

	clock.Advance(2 * time.Hour)
	s = open(t, path)
	first := auth.Session{ID: " before all", UserID: "ada", CreatedAt: clock.Now(), ExpiresAt: clock.Now().Add(time.Hour)}
	must(t, s.PutSession(t.Context(), first))
	for i := range 150 {
		if _, err := s.Session(t.Context(), "ada", fmt.Sprint(i)); !errors.Is(err, auth.ErrNotFound) {
			t.Fatalf("expired session %d: %v, want not found", i, err)
		}
	}
	if _, err := s.Session(t.Context(), "ada", first.ID); err != nil {
		t.Error(err)
	}
}
