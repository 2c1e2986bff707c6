package token_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

var (
	now        = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	asymmetric = []jwk.Algorithm{jwk.ES256, jwk.RS256, jwk.EdDSA}
	all        = append([]jwk.Algorithm{jwk.HS256}, asymmetric...)
	config     = token.Config{Issuer: "https://login.example.com", Audience: "api", Now: func() time.Time { return now }}
)

// document returns a ring document of each algorithm, made once because RSA keys take their time.
var document = func() func(testing.TB, jwk.Algorithm) []byte {
	made := map[jwk.Algorithm]func() ([]byte, error){}
	for _, a := range all {
		made[a] = sync.OnceValues(func() ([]byte, error) {
			r, err := keyring.New(a, now.Add(-time.Hour))
			if err != nil {
				return nil, err
			}
			return r.Marshal()
		})
	}
	return func(t testing.TB, a jwk.Algorithm) []byte {
		t.Helper()
		text, err := made[a]()
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Clone(text)
	}
}()

// published returns the public JWKS of the algorithm's ring.
func published(t testing.TB, a jwk.Algorithm) []byte {
	t.Helper()
	r, err := keyring.Parse(document(t, a))
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// source is a token.Source that a test changes at will.
type source struct {
	mu         sync.Mutex
	text       []byte // what Get returns
	fresh      []byte // what Refresh returns, and Get from then on; nil: text
	err        error
	refreshErr error
	refreshes  int
}

func (s *source) Get(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text, s.err
}

func (s *source) Refresh(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshes++
	if s.fresh != nil {
		s.text = s.fresh
	}
	return s.text, s.refreshErr
}

func newKeyring(t testing.TB, a jwk.Algorithm) *token.Keyring {
	t.Helper()
	return token.NewKeyring(&source{text: document(t, a)}, keyring.Parse, config)
}

func claims() auth.Claims {
	return auth.Claims{
		ID: "jti-1", Subject: "user-1", SessionID: "sid-1", Roles: []string{"admin"},
		IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

func sign(t testing.TB, k *token.Keyring, c auth.Claims) string {
	t.Helper()
	text, _, err := k.Sign(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// forger signs any text with the ring's current key, using only the standard library.
type forger struct {
	kid, alg string
	sign     func(text []byte) []byte
	public   any
}

func newForger(t testing.TB, document []byte) forger {
	t.Helper()
	r := authtest.DecodeRing(t, document)
	j := r.Key(r.Current)
	f := forger{kid: r.Current, alg: j["alg"].(string)}
	number := func(name string) *big.Int { return new(big.Int).SetBytes(decode(t, j[name].(string))) }
	switch j["kty"] {
	case "EC":
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), decode(t, j["d"].(string)))
		if err != nil {
			t.Fatal(err)
		}
		f.public, f.sign = &k.PublicKey, func(text []byte) []byte {
			sum := sha256.Sum256(text)
			r, s, _ := ecdsa.Sign(rand.Reader, k, sum[:])
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	case "RSA":
		k := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: number("n"), E: int(number("e").Int64())},
			D:         number("d"), Primes: []*big.Int{number("p"), number("q")},
		}
		k.Precompute()
		f.public, f.sign = &k.PublicKey, func(text []byte) []byte {
			sum := sha256.Sum256(text)
			s, _ := rsa.SignPKCS1v15(nil, k, crypto.SHA256, sum[:])
			return s
		}
	case "OKP":
		k := ed25519.NewKeyFromSeed(decode(t, j["d"].(string)))
		f.public, f.sign = k.Public(), func(text []byte) []byte { return ed25519.Sign(k, text) }
	case "oct":
		k := decode(t, j["k"].(string))
		f.public, f.sign = k, func(text []byte) []byte { return hmacSum(k, text) }
	}
	return f
}

func hmacSum(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

func (f forger) token(header, payload string) string {
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	return signed + "." + encode(f.sign([]byte(signed)))
}

func encode(b []byte) string {
	return base64.RawURLEncoding.EncodeToString(b)
}

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
