package auth_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestSerial promises that with Serial no two calls of a sign-in run at the same time, and that all are made: the attempt is
// counted before the hash and cleared after it, and the hash is renewed.
func TestSerial(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	k.Serial = true
	before := withBcrypt(t, k, authtest.Password)
	limited := rules()
	limited.Limits = auth.Limits{Free: 5, MaxBackoff: time.Minute, Known: day}
	service := k.Service(limited)

	var begun atomic.Int64
	k.Before(func(call string) error {
		mine := begun.Add(1)
		time.Sleep(time.Millisecond) // a concurrent call would begin meanwhile
		if begun.Load() != mine {
			t.Errorf("another call began during %s", call)
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
			t.Errorf("%s is not called in its place: %v", call, calls)
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

// TestSerialContainsPanics promises that, serial or concurrent, a panic in a write other than the session's does not fail the
// sign-in.
func TestSerialContainsPanics(t *testing.T) {
	for _, serial := range []bool{false, true} {
		k := authtest.NewKit(t, users()...)
		k.Serial = serial
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
			t.Fatalf("serial %t: %v", serial, err)
		}
		session(t, k, g)
	}
}
