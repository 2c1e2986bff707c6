package auth_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// FuzzChallenge looks for a text that passes for a challenge although it was not signed here, or that is our fault.
func FuzzChallenge(f *testing.F) {
	k := authtest.NewKit(f, users()...)
	s := k.Service(rules())
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"for":"login","user":"ada","contract":"profile","epoch":1,"nonce":"n","exp":9999999999}`))
	for _, seed := range []string{"", ".", "a.b", payload, payload + ".", payload + "." + strings.Repeat("A", 43), payload + "\n." + payload, strings.Repeat("A", 5000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, challenge string) {
		a := auth.FactorAttempt{FactorProof: auth.FactorProof{Challenge: challenge, Code: "123456"}, Source: auth.ParseSource("192.0.2.7:1")}
		if _, err := s.LoginFactor(t.Context(), a, profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
			t.Errorf("%q: %v", challenge, err)
		}
		if _, _, err := s.Enrolling(t.Context(), challenge, a.Source); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("%q to enroll: %v", challenge, err)
		}
	})
}
