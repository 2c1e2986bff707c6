package keyring_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

const (
	day      = 24 * time.Hour
	longest  = 90 * day                   // a token's life
	lateSign = 18*time.Hour + 6*time.Hour // a ring waits to be used, then a function keeps the one before
)

var (
	now    = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	all    = []jwk.Algorithm{jwk.HS256, jwk.ES256, jwk.RS256, jwk.EdDSA}
	config = token.Config{Issuer: "https://login.example.com", Audience: "api", Now: func() time.Time { return now }}
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

func newRing(t testing.TB, a jwk.Algorithm, at time.Time) *keyring.Ring {
	t.Helper()
	r, err := keyring.New(a, at)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func parseRing(t testing.TB, text []byte) *keyring.Ring {
	t.Helper()
	r, err := keyring.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func marshal(t testing.TB, r *keyring.Ring) []byte {
	t.Helper()
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func publicJWKS(t testing.TB, r *keyring.Ring) []byte {
	t.Helper()
	text, err := r.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rotate asks for a step that is due, and reads the ring back from its document, which must hold what is read of it and
// no more.
func rotate(t testing.TB, r *keyring.Ring, a jwk.Algorithm, at time.Time) *keyring.Ring {
	t.Helper()
	next, changed, err := r.Rotate(a, publicJWKS(t, r), at)
	if err != nil || !changed {
		t.Fatalf("Rotate: changed %v, %v", changed, err)
	}
	text := marshal(t, next)
	next = parseRing(t, text)
	if string(marshal(t, next)) != string(text) {
		t.Fatal("the document holds more than is read of it")
	}
	return next
}

// entries are the keys of a JWK Set as plain JSON, for tests to change.
func entries(t testing.TB, jwks []byte) []map[string]any {
	t.Helper()
	return authtest.DecodeRing(t, jwks).Keys
}

// fixed is a token.Source of one document.
type fixed []byte

func (f fixed) Get(context.Context) ([]byte, error)     { return f, nil }
func (f fixed) Refresh(context.Context) ([]byte, error) { return f, nil }

func claims() auth.Claims {
	return auth.Claims{
		ID: "jti-1", Subject: "user-1", SessionID: "sid-1", Roles: []string{"admin"},
		IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// sign returns a token made with the document's current key.
func sign(t testing.TB, document []byte, c auth.Claims) string {
	t.Helper()
	text, _, err := token.NewKeyring(fixed(document), keyring.Parse, config).Sign(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// forge returns a token of the key that lives for an hour, and asks nobody whether the key may sign still.
func forge(t testing.TB, k jwk.Key, issued time.Time) string {
	t.Helper()
	header := fmt.Sprintf(`{"typ":"JWT","alg":%q,"kid":%q}`, k.Algorithm(), k.ID)
	payload := fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"user-1","jti":"x","sid":"s","scope":"user","roles":[],"iat":%d,"exp":%d}`,
		config.Issuer, config.Audience, issued.Unix(), issued.Add(time.Hour).Unix())
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	signature, err := k.Sign(signed)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(signature)
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
