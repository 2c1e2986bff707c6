package auth_test

import (
	"errors"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// FuzzDevice looks for a text that passes for a remembered device although it was not given out, or that is our fault.
func FuzzDevice(f *testing.F) {
	k := authtest.NewKit(f, users()...)
	r := rules()
	r.FactorRemember = 30 * day
	s := k.Service(r)
	phone := auth.TOTP{ID: "phone", Sealed: []byte("sealed")}
	if err := k.Store.SetFactors(f.Context(), "ada", 1, auth.Factors{TOTP: []auth.TOTP{phone}}, nil); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "AAAA", "AANhZGEAAmQx", "A_", "a.b", "\xff", "AANhZGEAJHp6", "//8", "AAA", "ABg"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, device string) {
		a := attempt("ada")
		a.Device = device
		if _, err := s.Login(t.Context(), a, profileTerms()); !errors.Is(err, auth.ErrChallenged) {
			t.Errorf("%q: %v", device, err)
		}
	})
}
