package auth_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestInTurn promises that over a local store no call of a sign-in runs beside another, and that nothing is left out:
// the try is counted before the hash, and cleared after it, and the hash is renewed.
func TestInTurn(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	k.Serial = true
	before := withBcrypt(t, k, authtest.Password)
	limited := rules()
	limited.Limits = auth.Limits{Free: 5, MaxBackoff: time.Minute, Known: day}
	service := k.Service(limited)

	var begun atomic.Int64
	k.Before(func(call string) error {
		mine := begun.Add(1)
		time.Sleep(time.Millisecond) // a call beside this one would begin meanwhile
		if begun.Load() != mine {
			t.Errorf("another call began beside %s", call)
		}
		return nil
	})
	if _, err := service.Login(t.Context(), attempt("ada"), profileTerms()); err != nil {
		t.Fatal(err)
	}
	calls := k.Calls()
	last := -1
	for _, call := range []string{"LookUp", "UserByID", "CountAttempt", "Verify", "PutSession", "ReplaceHash", "ClearAttempts"} {
		at := slices.Index(calls, call)
		if at <= last {
			t.Errorf("%s does not come after what must come before it: %v", call, calls)
		}
		last = at
	}
	if after := stored(t, k); after.PasswordHash == before.PasswordHash {
		t.Error("the hash was not renewed")
	}
	wrong := attempt("ada")
	wrong.Password = "wrong"
	_, _ = service.Login(t.Context(), wrong, profileTerms())
	calls = k.Calls()
	for _, of := range []string{"user", "source"} {
		if !slices.Contains(calls, "CountFailure of the "+of) {
			t.Errorf("a failure of the %s was not counted: %v", of, calls)
		}
	}
}

// TestInTurnContainsPanics promises the same of a panic in either way of running: what stands beside the session does
// not fail the sign-in.
func TestInTurnContainsPanics(t *testing.T) {
	for _, inTurn := range []bool{false, true} {
		k := authtest.NewKit(t, users()...)
		k.Serial = inTurn
		limited := rules()
		limited.Limits = auth.Limits{Free: 5, MaxBackoff: time.Minute, Known: day}
		k.Before(func(call string) error {
			if call == "ClearAttempts" {
				panic("out of memory")
			}
			return nil
		})
		g, err := k.Service(limited).Login(t.Context(), attempt("ada"), profileTerms())
		if err != nil {
			t.Fatalf("in turn %t: %v", inTurn, err)
		}
		session(t, k, g)
	}
}
