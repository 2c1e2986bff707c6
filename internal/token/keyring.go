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
)

// Keyring signs and verifies with the ring that its source holds at the time. A source or a ring that fails is
// auth.ErrUnavailable, a bad token is ErrInvalidToken, and no error is both.
type Keyring struct {
	rings    memo[*Ring]
	encoder  encoder
	verifier verifier
}

var (
	_ auth.Keys     = (*Keyring)(nil)
	_ auth.Verifier = (*Keyring)(nil)
)

// NewKeyring returns a key ring over the source; nothing is read before the first call.
func NewKeyring(s Source, c Config) *Keyring {
	return &Keyring{rings: memo[*Ring]{source: s, parse: ParseRing}, encoder: newEncoder(c), verifier: newVerifier(c)}
}

// Sign returns a token with the claims, made with the current key, and that key's id (auth.Keys).
func (k *Keyring) Sign(ctx context.Context, c auth.Claims) (token, keyID string, err error) {
	ring, err := k.rings.get(ctx)
	if err != nil {
		return "", "", err
	}
	payload, err := k.encoder.append(make([]byte, 0, 512), c)
	if err != nil {
		return "", "", err
	}
	key := ring.current
	text := make([]byte, 0, len(key.header)+base64.RawURLEncoding.EncodedLen(len(payload)))
	text = base64.RawURLEncoding.AppendEncode(append(text, key.header...), payload)
	signed := string(text)
	signature, err := key.kind.method().Sign(signed, key.private)
	if err != nil {
		return "", "", fmt.Errorf("sign with key %s: %w", key.id, err)
	}
	token = signed + "." + tobase64(signature)
	if len(token) > maxSize {
		return "", "", errors.New("sign: the token would be longer than 8 KiB")
	}
	return token, key.id, nil
}

// SignsSince returns when the current key began to sign, so that one that nobody rotates can be noticed.
func (k *Keyring) SignsSince(ctx context.Context) (time.Time, error) {
	ring, err := k.rings.get(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return date(ring.current.times.ActivatedAt), nil
}

// Verify returns the claims of a good token (auth.Verifier).
func (k *Keyring) Verify(ctx context.Context, raw string) (auth.Claims, error) {
	return verify(ctx, raw, k.verifier, &k.rings)
}

// MAC authenticates the label and the parts with the ring's MAC key, which outlives all signing keys (auth.Keys).
func (k *Keyring) MAC(ctx context.Context, label string, parts ...string) ([]byte, error) {
	ring, err := k.rings.get(ctx)
	if err != nil {
		return nil, err
	}
	text := appendString(make([]byte, 0, 256), label)
	for _, part := range parts {
		text = appendString(text, part)
	}
	h := hmac.New(sha256.New, ring.macKey)
	h.Write(text)
	return h.Sum(nil), nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(s))), s...)
}
