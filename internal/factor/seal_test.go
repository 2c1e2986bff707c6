package factor_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/factor"
)

// otherRing derives every key from another MAC key than the kit's.
type otherRing struct{ auth.Keys }

func (otherRing) MAC(_ context.Context, label string, parts ...string) ([]byte, error) {
	h := hmac.New(sha256.New, []byte("another"))
	h.Write([]byte(label + strings.Join(parts, "\x00")))
	return h.Sum(nil), nil
}

// TestVault promises that a sealed text opens for the same purpose, user and ring, and for nothing else.
func TestVault(t *testing.T) {
	k := authtest.NewKit(t)
	vault, ctx := factor.NewVault(k.Keyring, rand.Reader), t.Context()
	seed, err := factor.NewSeed(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := vault.Seal(ctx, factor.Stored, "ada", seed)
	if err != nil || bytes.Contains(sealed, seed) {
		t.Fatalf("sealed %x, error %v", sealed, err)
	}
	if text, err := vault.Open(ctx, factor.Stored, "ada", sealed); err != nil || !bytes.Equal(text, seed) {
		t.Errorf("opened as %x, error %v", text, err)
	}
	other := factor.NewVault(otherRing{}, rand.Reader)
	for name, open := range map[string]func() ([]byte, error){
		"another purpose": func() ([]byte, error) { return vault.Open(ctx, factor.Pending, "ada", sealed) },
		"another user":    func() ([]byte, error) { return vault.Open(ctx, factor.Stored, "grace", sealed) },
		"another ring":    func() ([]byte, error) { return other.Open(ctx, factor.Stored, "ada", sealed) },
		"empty":           func() ([]byte, error) { return vault.Open(ctx, factor.Stored, "ada", nil) },
		"cut":             func() ([]byte, error) { return vault.Open(ctx, factor.Stored, "ada", sealed[:len(sealed)-1]) },
	} {
		if text, err := open(); !errors.Is(err, factor.ErrSealed) {
			t.Errorf("%s: %x, error %v", name, text, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := vault.Open(ctx, factor.Stored, "ada", changed); !errors.Is(err, factor.ErrSealed) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
}

// TestVaultSealsDifferently promises that the same seed is never sealed to the same text.
func TestVaultSealsDifferently(t *testing.T) {
	vault := factor.NewVault(authtest.NewKit(t).Keyring, rand.Reader)
	a, errA := vault.Seal(t.Context(), factor.Stored, "ada", rfcSeed)
	b, errB := vault.Seal(t.Context(), factor.Stored, "ada", rfcSeed)
	if errA != nil || errB != nil || bytes.Equal(a, b) {
		t.Errorf("%x, %x, errors %v, %v", a, b, errA, errB)
	}
}

// TestKeyID promises a name that stays with the ring and differs between rings.
func TestKeyID(t *testing.T) {
	vault := factor.NewVault(authtest.NewKit(t).Keyring, rand.Reader)
	a, errA := vault.KeyID(t.Context())
	b, errB := vault.KeyID(t.Context())
	other, errOther := factor.NewVault(otherRing{}, rand.Reader).KeyID(t.Context())
	if errors.Join(errA, errB, errOther) != nil || a != b || a == other || len(a) != 16 {
		t.Errorf("%s, %s, of another ring %s", a, b, other)
	}
}
