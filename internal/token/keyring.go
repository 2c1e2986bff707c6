package token

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"latchkey/internal/auth"
)

// Source is where the ring's document comes from. It is called often and concurrently: caching and a cool-down
// between refreshes are its business. Nobody changes the bytes afterwards.
type Source interface {
	// Get returns the document, perhaps a little old.
	Get(ctx context.Context) ([]byte, error)
	// Refresh returns the document as it is now, unless it was fetched very recently.
	Refresh(ctx context.Context) ([]byte, error)
}

// Keyring signs and verifies with the ring that its source holds at the time. A source or a ring that fails is
// auth.ErrUnavailable, a bad token is ErrInvalidToken, and no error is both.
type Keyring struct {
	source   Source
	encoder  encoder
	verifier verifier
	last     atomic.Pointer[parsed]
}

var _ auth.Keys = (*Keyring)(nil)

// parsed remembers what became of the source's bytes: parsing an RSA key costs as much as signing with it.
type parsed struct {
	text []byte
	ring *Ring
	err  error
}

// NewKeyring returns a key ring over the source; nothing is read before the first call.
func NewKeyring(s Source, c Config) *Keyring {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Keyring{source: s, encoder: newEncoder(c), verifier: verifier{c}}
}

// Sign returns a token with the claims, made with the current key, and that key's id (auth.Keys).
func (k *Keyring) Sign(ctx context.Context, c auth.Claims) (token, keyID string, err error) {
	ring, err := k.ring(ctx, k.source.Get)
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

// Verify returns the claims of a good token. An unknown kid makes the source look for a newer ring; where that
// fails the token is not called invalid, for its bearer would be signed out.
func (k *Keyring) Verify(ctx context.Context, raw string) (auth.Claims, error) {
	t, err := dissect(raw)
	if err != nil {
		return auth.Claims{}, err
	}
	ring, err := k.ring(ctx, k.source.Get)
	if err != nil {
		return auth.Claims{}, err
	}
	key, known := ring.find(t.KeyID)
	if !known {
		if ring, err = k.ring(ctx, k.source.Refresh); err != nil {
			return auth.Claims{}, err
		}
		if key, known = ring.find(t.KeyID); !known {
			return auth.Claims{}, refuse("kid is unknown")
		}
	}
	return k.verifier.verify(t, verificationKey{key.kind.method(), key.public})
}

// MAC authenticates the label and the parts with the ring's MAC key, which outlives all signing keys (auth.Keys).
func (k *Keyring) MAC(ctx context.Context, label string, parts ...string) ([]byte, error) {
	ring, err := k.ring(ctx, k.source.Get)
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

// ring returns the ring that the source holds, parsed once for as long as its bytes stay the same.
func (k *Keyring) ring(ctx context.Context, get func(context.Context) ([]byte, error)) (*Ring, error) {
	text, err := get(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: get the key ring: %w", auth.ErrUnavailable, err)
	}
	last := k.last.Load()
	if last == nil || !bytes.Equal(last.text, text) {
		ring, err := ParseRing(text)
		last = &parsed{text, ring, err}
		k.last.Store(last)
	}
	if last.err != nil {
		return nil, fmt.Errorf("%w: %w", auth.ErrUnavailable, last.err)
	}
	return last.ring, nil
}
