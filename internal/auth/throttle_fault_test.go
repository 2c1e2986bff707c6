package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

var errDisk = errors.New("disk on fire")

// failing makes every call of the name fail.
func failing(k *authtest.Kit, name string) {
	k.Before(func(call string) error {
		if call == name {
			return errDisk
		}
		return nil
	})
}

func countersOf(t *testing.T, g guesser) auth.Counters {
	t.Helper()
	keys, err := auth.NewAttemptKeys(t.Context(), g.k.Keyring, g.attempt.Identifier, g.attempt.Source)
	if err != nil {
		t.Fatal(err)
	}
	a, err := g.k.Store.LookUp(t.Context(), auth.LookupQuery{Identifier: g.attempt.Identifier, Attempts: keys})
	if err != nil {
		t.Fatal(err)
	}
	return a.Counters
}

// Counters that cannot be read or written are our fault: the attempt is not let in, and the error is neither a wrong password
// nor too many attempts.
func TestCountersThatFail(t *testing.T) {
	for _, test := range []struct {
		failing, password string
		verified          bool
	}{
		{"LookUp", authtest.Password, false},
		{"CountAttempt", authtest.Password, false},
		{"CountAttempt", "wrong", false},
		{"CountFailure of the user", "wrong", true},
		{"CountFailure of the source", "wrong", true},
	} {
		t.Run(test.failing+", "+test.password, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			failing(k, test.failing)
			for range 3 {
				g := newGuesser(k, "ada", "192.0.2.7")
				g.attempt.Password = test.password
				grant, err := k.Service(limited()).Login(t.Context(), g.attempt, g.terms)
				if !errors.Is(err, errDisk) || errors.Is(err, auth.ErrBadCredentials) || errors.Is(err, auth.ErrThrottled) || grant.AccessToken != "" {
					t.Fatalf("error %v, want only %v, and no token", err, errDisk)
				}
				if verified := slices.Contains(k.Calls(), "Verify"); verified != test.verified {
					t.Errorf("verified %t, want %t", verified, test.verified)
				}
				records := k.Log.Audit(t)
				if len(records) != 1 || records[0]["outcome"] != "failed" || records[0]["reason"] != "unavailable" {
					t.Errorf("audit %v, want one failure", records)
				}
			}
		})
	}
}

// A failure to clear the counters does not refuse the right password: they stay, and with them the wait.
func TestFailuresThatCannotBeCleared(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := newGuesser(k, "ada", "192.0.2.7")
	g.fails(t, 4)
	failing(k, "ClearAttempts")
	g.wants(t, authtest.Password, in)
	g.wants(t, authtest.Password, waits(time.Second))
	k.Before(nil)
	k.Clock.Advance(time.Second)
	g.wants(t, authtest.Password, in)
	g.fails(t, 5)
}

// A sign-in that our own fault ends is not counted, within the free attempts and beyond them.
func TestOurFaultsDoNotCount(t *testing.T) {
	for _, name := range []string{"UserByID", "Verify", "Sign", "PutSession"} {
		for _, failures := range []int{0, 4, 7} {
			t.Run(fmt.Sprint(name, " after ", failures), func(t *testing.T) {
				k := authtest.NewKit(t, users()...)
				g := newGuesser(k, "ada", "192.0.2.7")
				for range failures {
					g.fails(t, 1)
					k.Clock.Advance(15 * time.Minute)
				}
				before := countersOf(t, g).Pair
				failing(k, name)
				for range 20 {
					g.attempt.Password = authtest.Password
					if _, err := k.Service(limited()).Login(t.Context(), g.attempt, g.terms); !errors.Is(err, errDisk) {
						t.Fatalf("error %v, want %v", err, errDisk)
					}
				}
				if name != "PutSession" { // which needs the right password
					if got := countersOf(t, g).Pair; got != before {
						t.Errorf("the pair is %+v, want %+v as before", got, before)
					}
				}
				k.Before(nil)
				g.wants(t, authtest.Password, in)
			})
		}
	}
}

// An attempt is taken back only if it was counted: otherwise hanging up at the right moment would give free guesses.
func TestWhatMayNotBeCountedIsNotTakenBack(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := newGuesser(k, "ada", "192.0.2.7")
	g.fails(t, 3)
	k.Calls()
	ctx, hangUp := context.WithCancel(t.Context())
	k.Before(func(call string) error {
		if call == "CountAttempt" {
			hangUp()
		}
		return nil
	})
	g.attempt.Password = "wrong"
	if _, err := k.Service(limited()).Login(ctx, g.attempt, g.terms); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if calls := k.Calls(); slices.Contains(calls, "UndoAttempt") || slices.Contains(calls, "Verify") {
		t.Errorf("calls %v", calls)
	}
	if got := countersOf(t, g).Pair.Failures; got != 3 {
		t.Errorf("%d failures, want 3", got)
	}
}

// A client that hangs up before the answer is still counted once the password was checked.
func TestHangingUpIsCounted(t *testing.T) {
	for _, hangUpAt := range []string{"CountFailure of the user", "CountFailure of the source"} {
		k := authtest.NewKit(t, users()...)
		g := newGuesser(k, "ada", "192.0.2.7")
		g.attempt.Password = "wrong"
		for range 3 {
			ctx, hangUp := context.WithTimeout(t.Context(), time.Minute)
			k.Before(func(call string) error {
				if call == hangUpAt {
					hangUp()
				}
				return nil
			})
			if _, err := k.Service(limited()).Login(ctx, g.attempt, g.terms); !errors.Is(err, auth.ErrBadCredentials) {
				t.Errorf("error %v, want ErrBadCredentials", err)
			}
		}
		c := countersOf(t, g)
		if got := [...]int64{c.Pair.Failures, c.User.Failures, c.Source.Failures}; got != [...]int64{3, 3, 3} {
			t.Errorf("counted %v, want 3 each", got)
		}
	}
}

// A client that hangs up while it waits for its hash has guessed nothing, and is not counted.
func TestHangingUpBeforeTheHashIsTakenBack(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := newGuesser(k, "ada", "192.0.2.7")
	g.attempt.Password = authtest.Password
	for range 10 {
		ctx, hangUp := context.WithCancel(t.Context())
		k.Before(func(call string) error {
			if call != "Verify" {
				return nil
			}
			hangUp()
			return ctx.Err()
		})
		if _, err := k.Service(limited()).Login(ctx, g.attempt, g.terms); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want context.Canceled", err)
		}
		k.Before(nil)
	}
	if got := countersOf(t, g).Pair; got.Failures != 0 {
		t.Errorf("the pair is %+v, want no failures", got)
	}
}

// Beyond the free failures one attempt is let through when the wait is over; a concurrent one has to wait again.
func TestTwoAttemptsAfterOneWait(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := newGuesser(k, "ada", "192.0.2.7")
	g.fails(t, 5)
	k.Clock.Advance(time.Second)
	concurrent := false
	k.Before(func(call string) error {
		if call != "CountAttempt" || concurrent {
			return nil
		}
		concurrent = true
		g.wants(t, "wrong", wrong)
		k.Calls()
		return nil
	})
	g.wants(t, authtest.Password, waits(2*time.Second))
	if calls := k.Calls(); slices.Contains(calls, "Verify") || slices.Contains(calls, "CountFailure of the user") {
		t.Errorf("a refusal is verified or counted: %v", calls)
	}
	k.Clock.Advance(2 * time.Second)
	g.wants(t, authtest.Password, in)
}

// Counts by a clock that was far ahead, and has been set right, do not make users wait until then.
func TestClockSetBack(t *testing.T) {
	const ahead = 365 * day
	k := authtest.NewKit(t, users()...)
	k.Clock.Advance(ahead)
	for i := range 6 {
		newGuesser(k, "ada", "192.0.2.7").fails(t, 1)
		k.Clock.Advance(time.Duration(i/4) * time.Second)
	}
	for i := range 44 {
		newGuesser(k, "ada", fmt.Sprintf("198.51.100.%d", i)).fails(t, 1)
	}
	for i := range 94 {
		newGuesser(k, fmt.Sprintf("stuffed-%d", i), "192.0.2.7").fails(t, 1)
	}
	newGuesser(k, "grace", "192.0.2.7").wants(t, authtest.Password, waits(15*time.Minute-2*time.Second))

	k.Clock.Advance(-30 * time.Second) // two machines may differ by this much
	newGuesser(k, "grace", "192.0.2.7").wants(t, authtest.Password, waits(15*time.Minute+28*time.Second))
	k.Clock.Advance(30*time.Second - ahead)
	newGuesser(k, "grace", "192.0.2.7").wants(t, authtest.Password, in)
	newGuesser(k, "ada", "198.51.100.200").wants(t, authtest.Password, in)
	ada := newGuesser(k, "ada", "192.0.2.7")
	ada.fails(t, 5)
	ada.wants(t, authtest.Password, waits(time.Second))
	if c := countersOf(t, ada); c.User.Failures != 5 || c.Source.Failures != 5 {
		t.Errorf("the windows did not begin again: %+v", c)
	}
}
