package token_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

// replaced is a newer ring: its current key is one that the older ring does not know.
func replaced(t testing.TB, a jwk.Algorithm) []byte {
	t.Helper()
	r, err := keyring.New(a, now)
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSourceFails promises that our own failure is never taken for a bad token, nor a bad token for our failure.
func TestSourceFails(t *testing.T) {
	broken := errors.New("connection refused")
	good := sign(t, newKeyring(t, jwk.ES256), claims())
	f := newForger(t, document(t, jwk.ES256))
	newer := f.token(strings.Replace(f.header(), f.kid, "newer", 1), goodClaims)
	secret := authtest.DecodeRing(t, document(t, jwk.ES256)).MACKey
	for name, tc := range map[string]struct {
		source *source
		raw    string
		also   error
	}{
		"down":           {&source{err: broken}, good, broken},
		"down, refresh":  {&source{text: document(t, jwk.ES256), refreshErr: broken}, newer, broken},
		"cancelled":      {&source{err: context.Canceled}, good, context.Canceled},
		"no ring":        {&source{text: []byte("{}")}, good, keyring.ErrNoRing},
		"nothing":        {&source{}, good, keyring.ErrNoRing},
		"broken ring":    {&source{text: []byte(`{"macKey":"` + secret + `"}`)}, good, nil},
		"broken refresh": {&source{text: document(t, jwk.ES256), fresh: []byte(`{"macKey":"` + secret + `"}`)}, newer, nil},
	} {
		t.Run(name, func(t *testing.T) {
			k := token.NewKeyring(tc.source, keyring.Parse, config)
			_, err := k.Verify(t.Context(), tc.raw)
			unavailable(t, "Verify", err, tc.also, secret)
			if strings.Contains(name, "refresh") {
				return
			}
			text, _, err := k.Sign(t.Context(), claims())
			unavailable(t, "Sign", err, tc.also, secret)
			mac, err := k.MAC(t.Context(), "label")
			unavailable(t, "MAC", err, tc.also, secret)
			if text != "" || mac != nil {
				t.Error("a token or MAC beside the error")
			}
			wantInvalid(t, k, "no token") // whatever the source does
		})
	}
}

func unavailable(t *testing.T, call string, err, also error, secret string) {
	t.Helper()
	if !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, token.ErrInvalidToken) || also != nil && !errors.Is(err, also) {
		t.Errorf("%s: %v, want ErrUnavailable and %v", call, err, also)
	}
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("%s: the error quotes the ring: %v", call, err)
	}
}

// TestUnknownKey promises one refresh for an unknown kid, and that the newer ring is then used by everyone.
func TestUnknownKey(t *testing.T) {
	newer := replaced(t, jwk.ES256)
	good := sign(t, token.NewKeyring(&source{text: newer}, keyring.Parse, config), claims())
	s := &source{text: document(t, jwk.ES256), fresh: newer}
	k := token.NewKeyring(s, keyring.Parse, config)
	old := sign(t, k, claims())
	for range 3 {
		if _, err := k.Verify(t.Context(), good); err != nil {
			t.Fatal(err)
		}
	}
	if s.refreshes != 1 {
		t.Errorf("%d refreshes for 3 tokens, want 1", s.refreshes)
	}
	if _, id, _ := k.Sign(t.Context(), claims()); id != authtest.DecodeRing(t, newer).Current {
		t.Error("Sign still uses the older ring")
	}
	wantInvalid(t, k, old)
	if s.refreshes != 2 {
		t.Errorf("%d refreshes, want another for the kid that is gone", s.refreshes)
	}
	wantInvalid(t, k, strings.Repeat("x", 9000))
	wantInvalid(t, k, "a.b.c")
	if s.refreshes != 2 {
		t.Error("a refresh for text that is no token")
	}
}

// TestStates promises that next and previous keys verify and do not sign, and that algorithms may differ in a ring.
func TestStates(t *testing.T) {
	ring, err := keyring.Parse(document(t, jwk.RS256))
	if err != nil {
		t.Fatal(err)
	}
	var rings []*token.Keyring // each signs with the next key of the one before
	var current []string
	for _, next := range []jwk.Algorithm{jwk.ES256, jwk.HS256, jwk.HS256, jwk.HS256} {
		text, err := ring.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		rings = append(rings, token.NewKeyring(&source{text: text}, keyring.Parse, config))
		current = append(current, authtest.DecodeRing(t, text).Current)
		if ring, err = ring.RotateNow(next, now); err != nil {
			t.Fatal(err)
		}
	}
	for i, a := range []jwk.Algorithm{jwk.RS256, jwk.RS256, jwk.ES256, jwk.HS256} {
		raw, id, err := rings[i].Sign(t.Context(), claims())
		if err != nil || id != current[i] {
			t.Errorf("ring %d, %s: signed by %s, %v", i, a, id, err)
		}
		if _, err := rings[2].Verify(t.Context(), raw); err != nil {
			t.Errorf("key %d, %s: %v", i, a, err)
		}
	}
}

// TestParsedOnce promises that an unchanged ring is not parsed again: that alone allocates more than a signature does.
func TestParsedOnce(t *testing.T) {
	k := newKeyring(t, jwk.RS256)
	mac := func() {
		if _, err := k.MAC(t.Context(), "label", "part"); err != nil {
			t.Fatal(err)
		}
	}
	mac()
	text := document(t, jwk.RS256)
	parse := testing.AllocsPerRun(10, func() { _, _ = keyring.Parse(text) })
	if got := testing.AllocsPerRun(100, mac); got*5 > parse {
		t.Errorf("%v allocations in a MAC, %v in parsing the ring", got, parse)
	}
}

// TestMAC promises HMAC-SHA-256 over the label and parts, each after its length in 8 bytes: computed here again,
// because refresh tokens and stored counters outlive a version.
func TestMAC(t *testing.T) {
	doc := document(t, jwk.ES256)
	k, key := newKeyring(t, jwk.ES256), decode(t, authtest.DecodeRing(t, doc).MACKey)
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "label and parts")
		var text []byte
		for _, s := range list {
			text = append(binary.BigEndian.AppendUint64(text, uint64(len(s))), s...)
		}
		got, err := k.MAC(t.Context(), list[0], list[1:]...)
		if err != nil || !bytes.Equal(got, hmacSum(key, text)) {
			t.Fatalf("MAC = %x, %v", got, err)
		}
		other := rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "other")
		if again, _ := k.MAC(t.Context(), other[0], other[1:]...); bytes.Equal(got, again) != slices.Equal(list, other) {
			t.Fatalf("%q and %q have one MAC", list, other)
		}
	})
	for _, pair := range [][2][]string{{{"ab", "c"}, {"a", "bc"}}, {{"a", ""}, {"a"}}, {{"", "a"}, {"a", ""}}} {
		one, _ := k.MAC(t.Context(), "label", pair[0]...)
		two, _ := k.MAC(t.Context(), "label", pair[1]...)
		if bytes.Equal(one, two) {
			t.Errorf("%q and %q have one MAC", pair[0], pair[1])
		}
	}
}

// TestRotatedUnderUse promises that signing and verifying go on while the ring is replaced: with -race, without a race.
func TestRotatedUnderUse(t *testing.T) {
	one, two := authtest.DecodeRing(t, document(t, jwk.HS256)), authtest.DecodeRing(t, replaced(t, jwk.HS256))
	both := authtest.RingJSON{Keys: append(slices.Clone(one.Keys), two.Keys...), Current: two.Current, Next: two.Next, MACKey: one.MACKey}
	s := &source{text: document(t, jwk.HS256)}
	k := token.NewKeyring(s, keyring.Parse, config)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				raw, _, err := k.Sign(t.Context(), claims())
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := k.Verify(t.Context(), raw); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	rotated := both.Encode(t)
	s.mu.Lock()
	s.text = rotated
	s.mu.Unlock()
	wg.Wait()
	if _, id, _ := k.Sign(t.Context(), claims()); id != two.Current {
		t.Error("the newer ring does not sign")
	}
}
