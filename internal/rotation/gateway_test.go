package rotation_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
)

const (
	issuer   = "https://login.example.com"
	audience = "api"
)

// publication is a JWK Set and the time since when it is published.
type publication struct {
	at   time.Time
	jwks []byte
}

// gateway verifies as API Gateway does, and shares no code with us: it uses the JWK Set that it fetched last, and fetches one
// when it needs it and its own is older than two hours.
type gateway struct {
	*life
	worst   bool // fetches from caches that kept the set as long as allowed
	fetched time.Time
	keys    map[string]any
}

// fetch reads the answer of the keys function.
func (g *gateway) fetch() {
	then := g.now
	if g.worst {
		then = then.Add(-servedCache)
	}
	last := g.sets[0]
	for _, p := range g.sets {
		if !p.at.After(then) {
			last = p
		}
	}
	g.fetched, g.keys = g.now, parseKeys(g.t, served(g.t, last.jwks, then))
}

func served(t tb, jwks []byte, at time.Time) []byte {
	t.Helper()
	set, err := jwk.ParseSet(jwks)
	if err != nil {
		t.Fatal(err)
	}
	text, err := set.At(at).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// parseKeys reads a JWK Set as RFC 7517 describes it.
func parseKeys(t tb, jwks []byte) map[string]any {
	t.Helper()
	var set struct {
		Keys []struct{ Kid, Kty, Crv, X, Y string }
	}
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	keys := map[string]any{}
	for _, k := range set.Keys {
		x, xErr := base64.RawURLEncoding.DecodeString(k.X)
		y, yErr := base64.RawURLEncoding.DecodeString(k.Y)
		if err := errors.Join(xErr, yErr); err != nil {
			t.Fatal(err)
		}
		switch k.Crv {
		case "P-256":
			public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
			if err != nil {
				t.Fatal(err)
			}
			keys[k.Kid] = public
		case "Ed25519":
			keys[k.Kid] = ed25519.PublicKey(x)
		default:
			t.Fatalf("a key of kty %s, crv %s is published", k.Kty, k.Crv)
		}
	}
	return keys
}

func (g *gateway) verify(raw string) error {
	if g.now.Sub(g.fetched) >= gatewayCache {
		g.fetch()
	}
	_, err := jwt.Parse(raw, func(t *jwt.Token) (any, error) {
		key, known := g.keys[t.Header["kid"].(string)]
		if !known {
			return nil, errors.New("unknown kid")
		}
		return key, nil
	}, jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithValidMethods([]string{"ES256", "EdDSA"}),
		jwt.WithTimeFunc(func() time.Time { return g.now }))
	return err
}

// either verifies tokens with the published keys, or with the ring if their key is never published.
type either struct{ public, ring auth.Verifier }

func (e either) Verify(ctx context.Context, raw string) (auth.Claims, error) {
	if symmetric(raw) {
		return e.ring.Verify(ctx, raw)
	}
	return e.public.Verify(ctx, raw)
}

func symmetric(raw string) bool {
	header, _, _ := strings.Cut(raw, ".")
	text, _ := base64.RawURLEncoding.DecodeString(header)
	return strings.Contains(string(text), `"HS256"`)
}
