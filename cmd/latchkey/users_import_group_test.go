package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/password"
	"latchkey/internal/sqlite"
)

// TestImportSaysHowFarItIs promises a word as soon as it is due, also within lines that were read at once: hashing some
// thousand passwords takes minutes.
func TestImportSaysHowFarItIs(t *testing.T) {
	l := newLaptop(t)
	line := `{"email":"u%02d@example.com","password":"p","status":"ready"}` + "\n"
	var file strings.Builder
	for k := range 40 {
		fmt.Fprintf(&file, line, k)
	}
	var log output
	longAgo := time.Now().Add(-time.Hour)
	i := importer{
		store: l.store(), hasher: password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0),
		progress: &progress{out: &log, total: int64(file.Len()), began: longAgo, said: longAgo},
	}
	if err := i.run(t.Context(), strings.NewReader(file.String())); err != nil {
		t.Fatal(err)
	}
	if want := "32 users, 0 a second, 80 %, 15m0s left\n40 users, "; !strings.HasPrefix(log.String(), want) {
		t.Errorf("want %q, got %s", want, &log)
	}
}

// TestImportUpdateEndsSessionsAtOnce promises that the sessions of many users end side by side: over a network one after the
// other would take longer than all the rest.
func TestImportUpdateEndsSessionsAtOnce(t *testing.T) {
	l := newLaptop(t)
	line := `{"email":"%s@example.com","passwordHash":"` + bcryptHash + `","status":"%s"}` + "\n"
	l.ok(fmt.Sprintf(line+line, "a", "ready", "b", "ready"), "users", "import", "-")
	var log output
	i := importer{store: &meeting{Store: l.store(), place: make(chan struct{})}, update: true, progress: newProgress(&log, "", -1)}
	if err := i.run(t.Context(), strings.NewReader(fmt.Sprintf(line+line, "a", "disabled", "b", "disabled"))); err != nil || i.updated != 2 {
		t.Errorf("%v: %s", err, &log)
	}
}

// meeting is a store that ends sessions when two are to be ended at once.
type meeting struct {
	*sqlite.Store
	place chan struct{}
}

func (s *meeting) EndSessions(ctx context.Context, userID, last string) error {
	select {
	case s.place <- struct{}{}:
	case <-s.place:
	case <-time.After(5 * time.Second):
		return errors.New("nobody came")
	}
	return s.Store.EndSessions(ctx, userID, last)
}
