package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
)

// TestAllocations promises that a flood of tokens costs the collector little: at most 60 allocations to verify one.
func TestAllocations(t *testing.T) {
	for _, a := range all {
		k := newKeyring(t, a)
		raw := sign(t, k, claims())
		if got := testing.AllocsPerRun(100, func() { _, _ = k.Verify(t.Context(), raw) }); got > 60 {
			t.Errorf("%s: %v allocations, want 60 at most", a, got)
		}
		if a == jwk.HS256 {
			continue // has no public keys
		}
		v := newPublicVerifier(t, a)
		if got := testing.AllocsPerRun(100, func() { _, _ = v.Verify(t.Context(), raw) }); got > 60 {
			t.Errorf("%s, public keys: %v allocations, want 60 at most", a, got)
		}
	}
}

// BenchmarkVerify measures a verification, and by "x-bare" how often the bare check of its signature fits into it.
func BenchmarkVerify(b *testing.B) {
	for _, a := range all {
		b.Run(string(a), func(b *testing.B) { measureVerify(b, a, newKeyring(b, a)) })
	}
}

// BenchmarkVerifyPublic measures the same with only public keys, as an authorizer has them.
func BenchmarkVerifyPublic(b *testing.B) {
	for _, a := range asymmetric {
		b.Run(string(a), func(b *testing.B) { measureVerify(b, a, newPublicVerifier(b, a)) })
	}
}

func measureVerify(b *testing.B, a jwk.Algorithm, v auth.Verifier) {
	f, raw := newForger(b, document(b, a)), sign(b, newKeyring(b, a), claims())
	dot := strings.LastIndexByte(raw, '.')
	signed, signature := []byte(raw[:dot]), decode(b, raw[dot+1:])
	against(b, func() {
		if _, err := v.Verify(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}, func() {
		if !f.verify(signed, signature) {
			b.Fatal("bare verification fails")
		}
	})
}

// BenchmarkSign measures a signed token, and by "x-bare" how often the bare signature fits into it.
func BenchmarkSign(b *testing.B) {
	for _, a := range all {
		b.Run(string(a), func(b *testing.B) {
			k, f := newKeyring(b, a), newForger(b, document(b, a))
			raw := sign(b, k, claims())
			signed := []byte(raw[:strings.LastIndexByte(raw, '.')])
			against(b, func() { sign(b, k, claims()) }, func() { f.sign(signed) })
		})
	}
}

// against compares the fastest of many short turns, taken alternately, so that a busy machine does not decide it.
func against(b *testing.B, ours, bare func()) {
	fastest := func(best time.Duration, run func()) time.Duration {
		start := time.Now()
		for range 10 {
			run()
		}
		return min(best, time.Since(start))
	}
	best, bestBare := time.Hour, time.Hour
	for range 100 {
		best, bestBare = fastest(best, ours), fastest(bestBare, bare)
	}
	b.ReportAllocs()
	for b.Loop() {
		ours()
	}
	b.ReportMetric(float64(best)/float64(bestBare), "x-bare")
	b.ReportMetric(float64(bestBare)/10, "ns-bare")
}

func (f forger) verify(text, signature []byte) bool {
	sum := sha256.Sum256(text)
	switch k := f.public.(type) {
	case *ecdsa.PublicKey:
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(k, sum[:], r, s)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(k, text, signature)
	case []byte:
		return hmac.Equal(hmacSum(k, text), signature)
	}
	return false
}
