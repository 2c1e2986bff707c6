package factor

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"latchkey/internal/auth"
)

// Purpose says what a sealed text is for. A text that was sealed for one purpose does not open for another.
type Purpose string

// The purposes of sealed texts.
const (
	Pending Purpose = "totp pending" // a seed that the user has not confirmed yet; clients hold it
	Stored  Purpose = "totp stored"  // a seed in the store
)

// Vault seals seeds with AES-256-GCM under keys derived from the ring's MAC key, bound to a purpose and a user.
type Vault struct {
	keys   auth.Keys
	random io.Reader
}

// NewVault returns a vault over the ring and a source of nonces, crypto/rand.Reader outside of tests; it reads nothing yet.
func NewVault(keys auth.Keys, random io.Reader) Vault { return Vault{keys, random} }

// ErrSealed says that a sealed text cannot be opened: it was changed, is for another user or purpose, or the ring's MAC key
// is another one. For a stored seed that is our fault, never the user's.
var ErrSealed = errors.New("factor: the sealed text does not open")

// Seal returns the text sealed for the purpose and the user; a failure of the ring wraps auth.ErrUnavailable.
func (v Vault) Seal(ctx context.Context, purpose Purpose, userID string, text []byte) ([]byte, error) {
	box, err := v.box(ctx, purpose)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize(), box.NonceSize()+len(text)+box.Overhead())
	if _, err := io.ReadFull(v.random, nonce); err != nil {
		return nil, fmt.Errorf("make a nonce: %w", err)
	}
	return box.Seal(nonce, nonce, text, []byte(userID)), nil
}

// Open returns the sealed text, or ErrSealed; a failure of the ring wraps auth.ErrUnavailable.
func (v Vault) Open(ctx context.Context, purpose Purpose, userID string, sealed []byte) ([]byte, error) {
	box, err := v.box(ctx, purpose)
	if err != nil {
		return nil, err
	}
	if len(sealed) < box.NonceSize() {
		return nil, ErrSealed
	}
	text, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], []byte(userID))
	if err != nil {
		return nil, ErrSealed
	}
	return text, nil
}

// KeyID names the key that seeds are sealed under now, so that an export can say so and an import refuse another's.
func (v Vault) KeyID(ctx context.Context) (string, error) {
	id, err := v.keys.MAC(ctx, "latchkey seal id 1")
	if err != nil {
		return "", fmt.Errorf("name the sealing key: %w", err)
	}
	return hex.EncodeToString(id[:8]), nil
}

func (v Vault) box(ctx context.Context, purpose Purpose) (cipher.AEAD, error) {
	key, err := v.keys.MAC(ctx, "latchkey seal 1", string(purpose))
	if err != nil {
		return nil, fmt.Errorf("derive the sealing key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive the sealing key: %w", err)
	}
	return cipher.NewGCM(block)
}
