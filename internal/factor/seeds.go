package factor

import (
	"context"
	"io"

	"latchkey/internal/auth"
)

// Seeds moves seeds of authenticator apps between a store, where they are sealed, and files of users.
type Seeds struct{ vault Vault }

// NewSeeds returns the seeds over the ring and a source of nonces, crypto/rand.Reader outside of tests; it reads nothing yet.
func NewSeeds(keys auth.Keys, random io.Reader) Seeds { return Seeds{NewVault(keys, random)} }

// KeyID names the key that seeds are sealed under now; see Vault.KeyID.
func (s Seeds) KeyID(ctx context.Context) (string, error) { return s.vault.KeyID(ctx) }

// Open returns a stored seed in base32, or ErrSealed.
func (s Seeds) Open(ctx context.Context, userID string, sealed []byte) (secret string, err error) {
	seed, err := s.vault.Open(ctx, Stored, userID, sealed)
	if err != nil {
		return "", err
	}
	return Seed(seed).Base32(), nil
}

// Seal reads a seed in base32, as ParseSeed does, and seals it for the store.
func (s Seeds) Seal(ctx context.Context, userID, secret string) (sealed []byte, err error) {
	seed, err := ParseSeed(secret)
	if err != nil {
		return nil, err
	}
	return s.vault.Seal(ctx, Stored, userID, seed)
}
