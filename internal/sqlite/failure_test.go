package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/sqlite"
)

// secretUser has what no error may show.
func secretUser() auth.User {
	u := authtest.NewUser("secret-name")
	u.PasswordHash = "secret-hash"
	u.Profile.Phone = "secret-phone" + strings.Repeat("x", 100_000)
	return u
}

func wantUnavailable(t *testing.T, call string, err error) {
	t.Helper()
	if !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrConflict) || errors.Is(err, auth.ErrNotFound) {
		t.Errorf("%s: %v, want unavailable", call, err)
	}
	if err != nil && strings.Contains(err.Error(), "secret") {
		t.Errorf("%s: %q shows what it must not", call, err)
	}
}

func TestFailingWrites(t *testing.T) {
	for name, failure := range map[string]string{
		"full disk":       "PRAGMA max_page_count = 1",
		"read-only":       "PRAGMA query_only = ON",
		"missing table":   "DROP TABLE users; DROP TABLE clients; DROP TABLE sessions",
		"closed database": "",
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, filepath.Join(t.TempDir(), "store.db"))
			ctx := t.Context()
			for _, db := range []*sql.DB{s.Durable(), s.Quick()} {
				if failure == "" {
					must(t, db.Close())
				} else if _, err := db.Exec(failure); err != nil && name != "missing table" {
					t.Fatal(err)
				}
			}
			session := auth.Session{ID: "s", UserID: "u", Nonce: strings.Repeat("secret", 10_000)}
			wantUnavailable(t, "CreateUser", s.CreateUser(ctx, secretUser()))
			wantUnavailable(t, "PutSession", s.PutSession(ctx, session))
			wantUnavailable(t, "CreateClient", s.CreateClient(ctx, auth.Client{KeyHash: strings.Repeat("secret", 10_000)}))
			if name == "full disk" { // which hinders only what needs room
				return
			}
			wantUnavailable(t, "UpdateUser", s.UpdateUser(ctx, secretUser()))
			wantUnavailable(t, "ReplaceHash", s.ReplaceHash(ctx, "u", "secret-old", "secret-new"))
			wantUnavailable(t, "RotateSession", s.RotateSession(ctx, session, 1))
			wantUnavailable(t, "EndSession", s.EndSession(ctx, "u", "s"))
			wantUnavailable(t, "EndSessions", s.EndSessions(ctx, "u", ""))
			wantUnavailable(t, "DisableClient", s.DisableClient(ctx, "secret"))
		})
	}
}

func TestAFullDiskLosesNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	ada := authtest.Ada()
	must(t, s.CreateUser(t.Context(), ada))
	if _, err := s.Durable().Exec("PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, "CreateUser", s.CreateUser(t.Context(), secretUser()))
	ada.Version, ada.Profile = 1, secretUser().Profile
	wantUnavailable(t, "UpdateUser", s.UpdateUser(t.Context(), ada))

	if _, err := s.Durable().Exec("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	must(t, s.UpdateUser(t.Context(), ada)) // the version is still 1
	must(t, s.CreateUser(t.Context(), secretUser()))
}

func TestDamagedRows(t *testing.T) {
	for column, value := range map[string]string{"identifier": "secret", "accounts": "{secret", "profile": `["secret"]`} {
		s := open(t, filepath.Join(t.TempDir(), "store.db"))
		must(t, s.CreateUser(t.Context(), authtest.Ada()))
		if _, err := s.Durable().Exec("UPDATE users SET "+column+" = ?", value); err != nil {
			t.Fatal(err)
		}
		_, err := s.UserByID(t.Context(), "ada")
		wantUnavailable(t, "UserByID with damaged "+column, err)
		for _, err = range s.AllUsers(t.Context()) {
		}
		wantUnavailable(t, "AllUsers with damaged "+column, err)
	}
}

// lockedByAnother returns a store whose file another connection has locked for writing, as another process would.
func lockedByAnother(t *testing.T) (s *sqlite.Store, release func()) {
	path := filepath.Join(t.TempDir(), "store.db")
	s = open(t, path)
	other := raw(t, path, "BEGIN IMMEDIATE")
	return s, func() {
		if _, err := other.Exec("ROLLBACK"); err != nil {
			t.Error(err)
		}
	}
}

func TestAWriteWaitsForAnotherProcess(t *testing.T) {
	s, release := lockedByAnother(t)
	time.AfterFunc(30*time.Millisecond, release)
	must(t, s.CreateUser(t.Context(), authtest.Ada()))
}

func TestAWriteWaitsNoLongerThanItsContext(t *testing.T) {
	s, release := lockedByAnother(t)
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	var errs [2]error
	began := time.Now()
	done := make(chan struct{})
	go func() { errs[1] = s.PutSession(ctx, auth.Session{ID: "s", UserID: "u"}); close(done) }() // one waits for the file,
	errs[0] = s.CreateUser(ctx, authtest.Ada())                                                  // one for the other
	<-done
	for _, err := range errs {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want deadline exceeded", err)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("gave up after %v, want 30ms", took)
	}
	if _, err := s.UserByID(t.Context(), "nobody"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("a read meanwhile: %v, want not found", err)
	}
}

func TestAWriteDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, release := lockedByAnother(t)
		defer release()
		wantUnavailable(t, "CreateUser", s.CreateUser(context.Background(), secretUser()))
	})
}

func TestOpenDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "store.db")
		must(t, open(t, path).Close())
		other := raw(t, path, "PRAGMA locking_mode = EXCLUSIVE", "DELETE FROM sessions")
		defer other.Close()
		_, err := sqlite.Open(context.Background(), path)
		if err == nil || !strings.Contains(err.Error(), "another program keeps the file locked") {
			t.Errorf("Open: %v, want an error that says who is in the way", err)
		}
	})
}

func TestWhatCannotBeEncodedIsNoFaultOfTheStore(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	u := authtest.Ada()
	must(t, s.CreateUser(t.Context(), u))
	u.Version, u.Profile.City = 1, "\xff" // no UTF-8: kept as it is or refused, never mended in silence
	err := s.UpdateUser(t.Context(), u)
	if err == nil || errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("UpdateUser: %v, want an error that asks nobody to try again", err)
	}
	u.ID, u.Identifier = "second", authtest.Identifier("second@example.com")
	if err := s.CreateUser(t.Context(), u); err == nil || errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("CreateUser: %v, want an error that asks nobody to try again", err)
	}
	if got, err := s.UserByID(t.Context(), "ada"); err != nil || got.Version != 1 {
		t.Errorf("the user has version %d, %v, want 1", got.Version, err)
	}
}
