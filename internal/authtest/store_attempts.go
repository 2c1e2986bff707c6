package authtest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
)

func attemptPromises() []promise {
	return []promise{
		{"missing counters", countersAbsent},
		{"a source without a user", sourceAlone},
		{"count an attempt", attemptCounts},
		{"count attempts at once", attemptsAtOnce},
		{"count an attempt beyond the free ones", attemptBeyondFree},
		{"count from one after a long time", attemptAfterLong},
		{"count an attempt of a forgotten pair", attemptOfForgotten},
		{"undo an attempt", attemptUndone},
		{"undo an attempt after others", attemptUndoneAfterOthers},
		{"clear attempts", attemptsClear},
		{"count failures", failuresCount},
		{"count failures at once", failuresAtOnce},
		{"begin a window again", windowBeginsAgain},
		{"show and forget attempts", forgetAttempts},
		{"forget no known source", forgetKeepsKnown},
		{"forget known sources", forgetSources},
		{"sources of one network", sourcesOfOneNetwork},
	}
}

func attemptKeys() auth.AttemptKeys {
	return auth.AttemptKeys{User: "ada", Source: "home", Network: "provider"}
}

// attemptTime is the real time, because a store may delete expired counters by its own clock.
func attemptTime() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func counters(t *testing.T, s Store, k auth.AttemptKeys) auth.Counters {
	t.Helper()
	a, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: Ada().Identifier, Attempts: k})
	if err != nil {
		t.Fatalf("LookUp: %v", err)
	}
	return a.Counters
}

func wantCounters(t *testing.T, s Store, want auth.Counters) {
	t.Helper()
	if d := diff(want, counters(t, s, attemptKeys())); d != "" {
		t.Errorf("the counters differ (-want +got):\n%s", d)
	}
}

// countAttempt counts one of five free attempts, and returns the pair that is stored then.
func countAttempt(t *testing.T, s Store, seen, next auth.Pair) auth.Pair {
	t.Helper()
	if err := s.CountAttempt(t.Context(), attemptKeys(), seen, next, 5); err != nil {
		t.Fatalf("CountAttempt: %v", err)
	}
	return next
}

func clearAttempts(t *testing.T, s Store, knownUntil time.Time) {
	t.Helper()
	if err := s.ClearAttempts(t.Context(), attemptKeys(), knownUntil); err != nil {
		t.Fatalf("ClearAttempts: %v", err)
	}
}

func countFailure(t *testing.T, s Store, k auth.AttemptKeys, seen, next auth.Window) auth.Window {
	t.Helper()
	if err := s.CountFailure(t.Context(), k, seen, next); err != nil {
		t.Fatalf("CountFailure of %+v: %v", k, err)
	}
	return next
}

func sourceAlone(t *testing.T, s Store) {
	window := auth.Window{Failures: 1, Since: attemptTime(), ExpiresAt: attemptTime().Add(time.Hour)}
	k := attemptKeys()
	countFailure(t, s, k.OfSource(), auth.Window{}, window)
	countFailure(t, s, k.OfUser(), auth.Window{}, window)
	if got := counters(t, s, auth.AttemptKeys{Network: k.Network}); got != (auth.Counters{Source: window}) {
		t.Errorf("the counters of the network are %+v, want only the source's window", got)
	}
	if got, err := s.LookUp(t.Context(), auth.LookupQuery{}); err != nil || got != (auth.LookupResult{}) {
		t.Errorf("LookUp of nothing = %+v, %v", got, err)
	}
}

func countersAbsent(t *testing.T, s Store) {
	create(t, s, Ada())
	for _, k := range []auth.AttemptKeys{attemptKeys(), {User: "ada"}, {}} {
		a, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: Ada().Identifier, Attempts: k})
		if err != nil || a.UserID != Ada().ID || a.Counters != (auth.Counters{}) {
			t.Errorf("LookUp with keys %+v = %+v, %v; want Ada and zero counters", k, a, err)
		}
	}
}

func attemptCounts(t *testing.T, s Store) {
	var p auth.Pair
	for i := range 3 {
		next := auth.Pair{Failures: p.Failures + 1, LastAt: attemptTime().Add(time.Duration(i) * time.Second), KnownUntil: p.KnownUntil}
		p = countAttempt(t, s, p, next)
		wantCounters(t, s, auth.Counters{Pair: p})
	}
	other := counters(t, s, auth.AttemptKeys{User: "ada", Source: "work"})
	if other != (auth.Counters{}) {
		t.Errorf("another source has %+v", other)
	}
}

func attemptsAtOnce(t *testing.T, s Store) {
	const callers, free = 30, 5
	errs := make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			errs[i] = s.CountAttempt(t.Context(), attemptKeys(), auth.Pair{}, auth.Pair{Failures: 1, LastAt: attemptTime()}, free)
		})
	}
	all.Wait()
	counted := 0
	for _, err := range errs {
		if err == nil {
			counted++
		} else if !errors.Is(err, auth.ErrConflict) {
			t.Errorf("CountAttempt: %v, want ErrConflict", err)
		}
	}
	if got := counters(t, s, attemptKeys()).Pair.Failures; counted != free || got != free {
		t.Errorf("%d of %d attempts at once were let through and %d are stored, want %d", counted, callers, got, free)
	}
}

func attemptBeyondFree(t *testing.T, s Store) {
	at := attemptTime()
	seen := auth.Pair{}
	for range 5 {
		seen = countAttempt(t, s, seen, auth.Pair{Failures: seen.Failures + 1, LastAt: at})
	}
	sixth := auth.Pair{Failures: 6, LastAt: at.Add(time.Second)}
	countAttempt(t, s, seen, sixth)
	wantError(t, "CountAttempt of what was seen before", s.CountAttempt(t.Context(), attemptKeys(), seen, sixth, 5), auth.ErrConflict)
	wantCounters(t, s, auth.Counters{Pair: sixth})
}

func attemptAfterLong(t *testing.T, s Store) {
	at := attemptTime()
	var old auth.Pair
	for range 4 {
		old = countAttempt(t, s, old, auth.Pair{Failures: old.Failures + 1, LastAt: at})
	}
	again := auth.Pair{Failures: 1, LastAt: at.Add(48 * time.Hour)}
	countAttempt(t, s, old, again)
	wantCounters(t, s, auth.Counters{Pair: again})
	countAttempt(t, s, old, again) // a caller that saw the old pair too adds to the new one
	wantCounters(t, s, auth.Counters{Pair: auth.Pair{Failures: 2, LastAt: again.LastAt}})
}

// A pair that was deleted after it was seen begins with one failure.
func attemptOfForgotten(t *testing.T, s Store) {
	at := attemptTime()
	seen := auth.Pair{Failures: 7, LastAt: at}
	countAttempt(t, s, seen, auth.Pair{Failures: 8, LastAt: at.Add(time.Second)})
	wantCounters(t, s, auth.Counters{Pair: auth.Pair{Failures: 1, LastAt: at.Add(time.Second)}})
}

func attemptUndone(t *testing.T, s Store) {
	known := attemptTime().Add(time.Hour)
	clearAttempts(t, s, known)
	before := []auth.Pair{{KnownUntil: known}}
	for i := range 7 {
		next := auth.Pair{Failures: int64(i + 1), LastAt: attemptTime().Add(time.Duration(i) * time.Second), KnownUntil: known}
		before = append(before, countAttempt(t, s, before[i], next))
	}
	for i := len(before) - 1; i > 0; i-- {
		if err := s.UndoAttempt(t.Context(), attemptKeys(), before[i], before[i-1]); err != nil {
			t.Fatalf("UndoAttempt: %v", err)
		}
		wantCounters(t, s, auth.Counters{Pair: before[i-1]})
	}
	for _, k := range []auth.AttemptKeys{attemptKeys(), {User: "nobody", Source: "home"}} { // nothing is left to undo
		if err := s.UndoAttempt(t.Context(), k, before[1], before[0]); err != nil {
			t.Errorf("UndoAttempt of nothing: %v", err)
		}
	}
	wantCounters(t, s, auth.Counters{Pair: before[0]})
	if nobody := counters(t, s, auth.AttemptKeys{User: "nobody", Source: "home"}); nobody != (auth.Counters{}) {
		t.Errorf("undoing nothing made %+v", nobody)
	}
}

func attemptUndoneAfterOthers(t *testing.T, s Store) {
	at := attemptTime()
	first := countAttempt(t, s, auth.Pair{}, auth.Pair{Failures: 1, LastAt: at})
	second := countAttempt(t, s, first, auth.Pair{Failures: 2, LastAt: at.Add(time.Second)})
	if err := s.UndoAttempt(t.Context(), attemptKeys(), first, auth.Pair{}); err != nil {
		t.Fatalf("UndoAttempt: %v", err)
	}
	wantCounters(t, s, auth.Counters{Pair: auth.Pair{Failures: 1, LastAt: second.LastAt}})
}

func attemptsClear(t *testing.T, s Store) {
	known := attemptTime().Add(time.Hour)
	clearAttempts(t, s, known) // nothing was counted
	wantCounters(t, s, auth.Counters{Pair: auth.Pair{KnownUntil: known}})
	next := countAttempt(t, s, auth.Pair{KnownUntil: known}, auth.Pair{Failures: 1, LastAt: attemptTime(), KnownUntil: known})
	wantCounters(t, s, auth.Counters{Pair: next})
	clearAttempts(t, s, known.Add(time.Hour))
	wantCounters(t, s, auth.Counters{Pair: auth.Pair{KnownUntil: known.Add(time.Hour)}})
}

func newWindow(failures int64, since time.Time) auth.Window {
	return auth.Window{Failures: failures, Since: since, ExpiresAt: since.Add(time.Hour)}
}

func failuresCount(t *testing.T, s Store) {
	since := attemptTime()
	var user, source auth.Window
	for n := range int64(3) {
		user = countFailure(t, s, attemptKeys().OfUser(), user, newWindow(n+1, since))
		wantCounters(t, s, auth.Counters{User: user, Source: source})
		source = countFailure(t, s, attemptKeys().OfSource(), source, newWindow(n+1, since))
		wantCounters(t, s, auth.Counters{User: user, Source: source})
	}
}

func failuresAtOnce(t *testing.T, s Store) {
	const callers = 20
	since := attemptTime()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if err := s.CountFailure(t.Context(), attemptKeys().OfUser(), auth.Window{}, newWindow(1, since)); err != nil {
				t.Errorf("CountFailure: %v", err)
			}
		})
	}
	all.Wait()
	wantCounters(t, s, auth.Counters{User: newWindow(callers, since)})
}

func windowBeginsAgain(t *testing.T, s Store) {
	old := countFailure(t, s, attemptKeys().OfUser(), auth.Window{}, newWindow(1, attemptTime()))
	later := attemptTime().Add(2 * time.Hour)
	for n := range int64(2) { // the second caller saw the old window too, and counts in the new one
		countFailure(t, s, attemptKeys().OfUser(), old, newWindow(1, later))
		wantCounters(t, s, auth.Counters{User: newWindow(n+1, later)})
	}
}

func forgetAttempts(t *testing.T, s Store) {
	at := attemptTime()
	want := map[string]auth.Pair{}
	for i := range 60 { // more than a batch
		k := auth.AttemptKeys{User: "ada", Source: fmt.Sprintf("s-%02d", i)}
		want[k.Source] = auth.Pair{Failures: 1, LastAt: at}
		if err := s.CountAttempt(t.Context(), k, auth.Pair{}, want[k.Source], 5); err != nil {
			t.Fatal(err)
		}
	}
	other := auth.AttemptKeys{User: "adam", Source: "s-00"}
	for _, k := range []auth.AttemptKeys{attemptKeys().OfUser(), other.OfUser()} {
		countFailure(t, s, k, auth.Window{}, newWindow(1, at))
	}
	window, pairs, err := s.UserAttempts(t.Context(), "ada")
	if d := diff(want, pairs) + diff(newWindow(1, at), window); err != nil || d != "" {
		t.Errorf("UserAttempts: %v (-want +got):\n%s", err, d)
	}
	if err := s.ForgetAttempts(t.Context(), "ada"); err != nil {
		t.Fatalf("ForgetAttempts: %v", err)
	}
	window, pairs, err = s.UserAttempts(t.Context(), "ada")
	if err != nil || len(pairs) != 0 || window != (auth.Window{}) {
		t.Errorf("UserAttempts after ForgetAttempts = %v, %v, %v", window, pairs, err)
	}
	if c := counters(t, s, other); c.User != newWindow(1, at) {
		t.Errorf("another user's window is %+v", c.User)
	}
}

func forgetKeepsKnown(t *testing.T, s Store) {
	known, at := attemptTime().Add(time.Hour), attemptTime()
	clearAttempts(t, s, known)
	countAttempt(t, s, auth.Pair{KnownUntil: known}, auth.Pair{Failures: 1, LastAt: at, KnownUntil: known})
	countFailure(t, s, attemptKeys().OfUser(), auth.Window{}, newWindow(1, at))
	if err := s.ForgetAttempts(t.Context(), attemptKeys().User); err != nil {
		t.Fatalf("ForgetAttempts: %v", err)
	}
	wantCounters(t, s, auth.Counters{Pair: auth.Pair{KnownUntil: known}})
}

func forgetSources(t *testing.T, s Store) {
	known, at := attemptTime().Add(time.Hour), attemptTime()
	failed := auth.Pair{Failures: 1, LastAt: at, KnownUntil: known}
	clearAttempts(t, s, known)
	countAttempt(t, s, auth.Pair{KnownUntil: known}, failed)
	window := countFailure(t, s, attemptKeys().OfUser(), auth.Window{}, newWindow(1, at))
	other := auth.AttemptKeys{User: "adam", Source: "home", Network: "provider"}
	if err := s.ClearAttempts(t.Context(), other, known); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{attemptKeys().User, attemptKeys().User, "nobody"} { // a second call, and an unknown user, succeed too
		if err := s.ForgetSources(t.Context(), user); err != nil {
			t.Fatalf("ForgetSources(%s): %v", user, err)
		}
	}
	wantCounters(t, s, auth.Counters{Pair: auth.Pair{Failures: 1, LastAt: at}, User: window})
	if got := counters(t, s, other).Pair; got.KnownUntil != known {
		t.Errorf("another user's source is %+v, want known until %v", got, known)
	}
	clearAttempts(t, s, known)
	wantCounters(t, s, auth.Counters{Pair: auth.Pair{KnownUntil: known}, User: window})
}

func sourcesOfOneNetwork(t *testing.T, s Store) {
	at := attemptTime()
	window := countFailure(t, s, attemptKeys().OfSource(), auth.Window{}, newWindow(1, at))
	pair := countAttempt(t, s, auth.Pair{}, auth.Pair{Failures: 1, LastAt: at})
	wantCounters(t, s, auth.Counters{Pair: pair, Source: window})
	neighbor := auth.AttemptKeys{User: "ada", Source: "next door", Network: "provider"}
	if got := counters(t, s, neighbor); got != (auth.Counters{Source: window}) {
		t.Errorf("another source of the network has %+v, want the network's window only", got)
	}
	if got := counters(t, s, auth.AttemptKeys{User: "ada", Source: "home", Network: "elsewhere"}); got != (auth.Counters{Pair: pair}) {
		t.Errorf("another network has %+v, want the pair only", got)
	}
}
