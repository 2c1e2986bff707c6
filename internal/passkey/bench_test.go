package passkey_test

import (
	"fmt"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/passkey"
)

// BenchmarkVerify is what a sign-in with a passkey computes, apart from its token and three keyed hashes.
func BenchmarkVerify(b *testing.B) {
	verifier := passkey.New()
	for _, algorithm := range auth.PasskeyAlgorithms() {
		b.Run(fmt.Sprint(algorithm), func(b *testing.B) {
			a := authtest.NewAuthenticator(b, int(algorithm), page)
			c, o := ceremony(true)
			key, err := verifier.Register(c, a.Create(b, o))
			if err != nil {
				b.Fatal(err)
			}
			answer := a.Sign(b, o)
			for b.Loop() {
				assertion, err := verifier.ReadAssertion(answer)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := assertion.Verify(c, key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
