package app

import (
	"context"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/cached"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

// publicSoft is how old the public keys get before they are read again. An unknown kid is looked up at once, so this
// is how long a revoked key may still be accepted or published.
const publicSoft = time.Minute

// CachedPublicKeys keeps the last good JWK Set of an origin. A set that must not be published, or cannot be read, never
// replaces it.
func CachedPublicKeys(origin cached.Origin) *cached.Source {
	return cached.New(origin, cached.Config{Soft: publicSoft, Validate: func(jwks []byte) error {
		_, err := jwk.ParseSet(jwks)
		return err
	}})
}

// StoredPublicKeys reads the JWK Set from the store, for functions that must not read the key ring.
func StoredPublicKeys(store auth.PublicKeys) cached.Origin { return storedKeys{store} }

type storedKeys struct{ store auth.PublicKeys }

func (s storedKeys) Get(ctx context.Context) ([]byte, error) { return s.store.PublicKeys(ctx) }

// RingPublicKeys makes the JWK Set from the ring itself, for a server that has it anyway: the key that signs is then always
// published, even if another process writes the store.
func RingPublicKeys(ring cached.Origin) cached.Origin { return ringKeys{ring} }

type ringKeys struct{ ring cached.Origin }

func (r ringKeys) Get(ctx context.Context) ([]byte, error) {
	document, err := r.ring.Get(ctx)
	if err != nil {
		return nil, err
	}
	ring, err := keyring.Parse(document)
	if err != nil {
		return nil, err
	}
	return ring.PublicJWKS()
}

// publicTokens verifies by the public keys, or by the ring for HS256, whose key is never published.
func publicTokens(c Config, p Ports) auth.Verifier {
	if c.Algorithm == jwk.HS256 {
		return p.Tokens
	}
	return token.NewVerifier(p.PublicKeys, token.Config{Issuer: c.Issuer.String(), Audience: c.Audience, Now: p.Now})
}
