package token

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
)

// Verifier checks tokens with public keys only, for programs that must not read the ring. Its errors are those of a Keyring:
// ErrInvalidToken, or auth.ErrUnavailable if it cannot get the keys; never both.
type Verifier struct {
	sets     memo[*jwk.Set]
	verifier verifier
}

var _ auth.Verifier = (*Verifier)(nil)

// NewVerifier returns a verifier over a source of JWK Sets; nothing is read before the first call.
func NewVerifier(s Source, c Config) *Verifier {
	return &Verifier{sets: memo[*jwk.Set]{source: s, parse: parseUsable}, verifier: newVerifier(c)}
}

// parseUsable refuses a set without a key: if no token can be verified, the tokens are not at fault.
func parseUsable(text []byte) (*jwk.Set, error) {
	s, err := jwk.ParseSet(text)
	if err == nil && len(s.Algorithms()) == 0 {
		return nil, errors.New("no public key to verify with; symmetric keys (HS256) are never published")
	}
	return s, err
}

// Verify returns the claims of a valid token (auth.Verifier), like Keyring.Verify.
func (v *Verifier) Verify(ctx context.Context, raw string) (auth.Claims, error) {
	return verify(ctx, raw, v.verifier, &v.sets)
}

// keySet finds the key that a token names.
type keySet interface {
	Key(id string) (jwk.Key, bool)
}

// verify checks a token. An unknown kid makes the source fetch newer keys; if that fails, the token does not count as
// invalid, which would sign its bearer out.
func verify[K keySet](ctx context.Context, raw string, v verifier, sets *memo[K]) (auth.Claims, error) {
	t, err := dissect(raw)
	if err != nil {
		return auth.Claims{}, err
	}
	keys, err := sets.get(ctx)
	if err != nil {
		return auth.Claims{}, err
	}
	key, known := keys.Key(t.KeyID)
	if !known {
		if keys, err = sets.refresh(ctx); err != nil {
			return auth.Claims{}, err
		}
		if key, known = keys.Key(t.KeyID); !known {
			return auth.Claims{}, refuse("kid is unknown")
		}
	}
	return v.verify(t, key)
}

func newVerifier(c Config) verifier {
	if c.Now == nil {
		c.Now = time.Now
	}
	return verifier{c}
}
