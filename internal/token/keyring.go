package token

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
)

// Ring is a key ring as a Keyring needs it. It never changes. keyring.Ring implements it and decides when each key is used.
type Ring interface {
	// Current returns the key that signs and the time since when it does, zero if unknown.
	Current() (key jwk.Key, since time.Time)
	// Key returns the key with the id, to verify with.
	Key(id string) (jwk.Key, bool)
	// MACKey returns the key of all MACs.
	MACKey() []byte
}

// signingRing is a ring with the header of every token that its current key signs, including the dot.
type signingRing struct {
	Ring
	header string
}

// Keyring signs and verifies with the ring that its source holds at the time. If the source or the ring fails, the error is
// auth.ErrUnavailable; for a bad token it is ErrInvalidToken; it is never both.
type Keyring struct {
	rings    memo[signingRing]
	encoder  encoder
	verifier verifier
}

var (
	_ auth.Keys     = (*Keyring)(nil)
	_ auth.Verifier = (*Keyring)(nil)
)

// NewKeyring returns a key ring over the source. It reads documents with parse, such as keyring.Parse, and reads nothing
// before the first call.
func NewKeyring[R Ring](s Source, parse func(document []byte) (R, error), c Config) *Keyring {
	k := &Keyring{encoder: newEncoder(c), verifier: newVerifier(c)}
	k.rings = memo[signingRing]{source: s, parse: func(document []byte) (signingRing, error) {
		ring, err := parse(document)
		if err != nil {
			return signingRing{}, err
		}
		current, _ := ring.Current()
		header, err := encodeHeader(current)
		return signingRing{ring, header}, err
	}}
	return k
}

// Sign returns a token with the claims, signed by the current key, and that key's id (auth.Keys).
func (k *Keyring) Sign(ctx context.Context, c auth.Claims) (token, keyID string, err error) {
	ring, err := k.rings.get(ctx)
	if err != nil {
		return "", "", err
	}
	payload, err := k.encoder.append(make([]byte, 0, 512), c)
	if err != nil {
		return "", "", err
	}
	key, _ := ring.Current()
	text := make([]byte, 0, len(ring.header)+base64.RawURLEncoding.EncodedLen(len(payload)))
	text = base64.RawURLEncoding.AppendEncode(append(text, ring.header...), payload)
	signed := string(text)
	signature, err := key.Sign(signed)
	if err != nil {
		return "", "", fmt.Errorf("sign with key %s: %w", key.ID, err)
	}
	token = signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	if len(token) > maxSize {
		return "", "", errors.New("sign: the token would be longer than 8 KiB")
	}
	return token, key.ID, nil
}

// SignsSince returns when the current key began to sign, so that a missing rotation can be noticed.
func (k *Keyring) SignsSince(ctx context.Context) (time.Time, error) {
	ring, err := k.rings.get(ctx)
	if err != nil {
		return time.Time{}, err
	}
	_, since := ring.Current()
	return since, nil
}

// Verify returns the claims of a valid token (auth.Verifier).
func (k *Keyring) Verify(ctx context.Context, raw string) (auth.Claims, error) {
	return verify(ctx, raw, k.verifier, &k.rings)
}

// MAC authenticates the label and the parts with the ring's MAC key, which stays the same when signing keys rotate (auth.Keys).
func (k *Keyring) MAC(ctx context.Context, label string, parts ...string) ([]byte, error) {
	ring, err := k.rings.get(ctx)
	if err != nil {
		return nil, err
	}
	text := appendString(make([]byte, 0, 256), label)
	for _, part := range parts {
		text = appendString(text, part)
	}
	h := hmac.New(sha256.New, ring.MACKey())
	h.Write(text)
	return h.Sum(nil), nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(s))), s...)
}
