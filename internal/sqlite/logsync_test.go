package sqlite_test

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/sqlite"
)

// What was confirmed without waiting for the disk is on it within a second, by one sync for all that was written meanwhile,
// and an idle store does nothing.
func TestQuickWritesAreSyncedWithinASecond(t *testing.T) {
	tries := auth.AttemptKeys{User: "u", Source: "s"}
	pair := auth.Pair{Failures: 1, LastAt: authtest.Start()}
	session := auth.Session{ID: "s", UserID: "u", Generation: 1}
	next := session
	next.Generation = 2
	for name, write := range map[string]func(s *sqlite.Store) error{
		"PutSession":    func(s *sqlite.Store) error { return s.PutSession(t.Context(), auth.Session{ID: "t", UserID: "u"}) },
		"RotateSession": func(s *sqlite.Store) error { return s.RotateSession(t.Context(), next, 1) },
		"CountAttempt":  func(s *sqlite.Store) error { return s.CountAttempt(t.Context(), tries, auth.Pair{}, pair, 5) },
		"UndoAttempt":   func(s *sqlite.Store) error { return s.UndoAttempt(t.Context(), tries, pair, auth.Pair{}) },
		"ClearAttempts": func(s *sqlite.Store) error { return s.ClearAttempts(t.Context(), tries, authtest.Start()) },
		"CountFailure": func(s *sqlite.Store) error {
			return s.CountFailure(t.Context(), tries.OfUser(), auth.Window{}, auth.Window{Failures: 1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "store.db")
			before := open(t, path)
			must(t, before.PutSession(t.Context(), session))
			must(t, before.Close())

			s := open(t, path)
			var syncs atomic.Int64
			s.BeforeSync(func() { syncs.Add(1) })
			time.Sleep(600 * time.Millisecond)
			if n := syncs.Load(); n != 0 {
				t.Fatalf("%d syncs before anything was written", n)
			}
			for range 3 {
				if err := write(s); err != nil && !errors.Is(err, auth.ErrConflict) {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Second)
			if n := syncs.Load(); n != 1 {
				t.Errorf("%d syncs in the second after the writes, want 1", n)
			}
			time.Sleep(600 * time.Millisecond)
			if n := syncs.Load(); n != 1 {
				t.Errorf("%d syncs in all, want 1", n)
			}
		})
	}
}

// However much is written, there are two syncs a second, and no write waits longer than half of one.
func TestSyncsDoNotGrowWithWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syncs, waiting := 0, time.Time{}
		l := sqlite.NewLogSync(func() error {
			if waited := time.Since(waiting); waited > 500*time.Millisecond {
				t.Errorf("a write waited %v", waited)
			}
			syncs, waiting = syncs+1, time.Time{}
			return nil
		})
		for range 10_000 {
			if waiting.IsZero() {
				waiting = time.Now()
			}
			l.Written()
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		must(t, l.Close())
		if syncs < 19 || syncs > 21 {
			t.Errorf("%d syncs in 10 s, want 20", syncs)
		}
	})
}

func TestCloseSyncsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syncs := 0
		l := sqlite.NewLogSync(func() error { syncs++; return nil })
		l.Written()
		must(t, l.Close())
		if syncs != 1 {
			t.Errorf("%d syncs, want 1", syncs)
		}
		l.Written()
		must(t, l.Close())
		time.Sleep(time.Minute)
		synctest.Wait()
		if syncs != 1 {
			t.Errorf("%d syncs after it was closed", syncs-1)
		}
	})
}

func TestCloseWaitsForASync(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), false
	l := sqlite.NewLogSync(func() error {
		close(begun)
		time.Sleep(50 * time.Millisecond)
		ended = true
		return nil
	})
	l.Written()
	<-begun
	must(t, l.Close())
	if !ended {
		t.Error("Close did not wait")
	}
}

// A sync that fails is tried again at the same pace, until it is done or Close has tried for the last time.
func TestAFailedSyncIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syncs, disk := 0, errors.New("disk on fire")
		l := sqlite.NewLogSync(func() error { syncs++; return disk })
		l.Written()
		time.Sleep(5*time.Second + time.Millisecond)
		synctest.Wait()
		if syncs != 10 {
			t.Errorf("%d tries in 5 s, want 10", syncs)
		}
		if err := l.Close(); !errors.Is(err, disk) {
			t.Errorf("Close: %v, want %v", err, disk)
		}

		syncs, disk = 0, nil
		l = sqlite.NewLogSync(func() error { syncs++; return disk })
		l.Written()
		time.Sleep(time.Minute)
		synctest.Wait()
		if syncs != 1 {
			t.Errorf("%d syncs, want 1", syncs)
		}
		must(t, l.Close())
	})
}
