package keyring_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

// TestRotate promises the step: next signs, current verifies without its private part, the new next has the algorithm
// that is asked for now, all are published, and the MAC key stays.
func TestRotate(t *testing.T) {
	for _, a := range all {
		t.Run(string(a), func(t *testing.T) {
			old := parseRing(t, document(t, a))
			rotated := rotate(t, old, jwk.EdDSA, now.Add(day))
			was, is := old.Facts(), rotated.Facts()
			retires := now.Add(day + lateSign + longest + 30*time.Second)
			want := []keyring.KeyFacts{
				{KeyID: was[0].KeyID, Algorithm: string(a), State: keyring.Previous,
					CreatedAt: was[0].CreatedAt, ActivatedAt: was[0].ActivatedAt, RetireAt: retires},
				{KeyID: was[1].KeyID, Algorithm: string(a), State: keyring.Current, CreatedAt: was[1].CreatedAt, ActivatedAt: now.Add(day)},
				{KeyID: is[2].KeyID, Algorithm: "EdDSA", State: keyring.Next, CreatedAt: now.Add(day)},
			}
			if diff := cmp.Diff(want, is); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
			before, after := authtest.DecodeRing(t, marshal(t, old)), authtest.DecodeRing(t, marshal(t, rotated))
			if before.MACKey != after.MACKey {
				t.Error("the MAC key changed")
			}
			for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
				if after.Keys[0][private] != nil {
					t.Errorf("the previous key keeps %s", private)
				}
			}
			if a == jwk.HS256 && after.Keys[0]["k"] != before.Keys[0]["k"] {
				t.Error("a symmetric key cannot verify without its only part")
			}
			var published []string
			for _, k := range entries(t, publicJWKS(t, rotated)) {
				published = append(published, k["kid"].(string))
			}
			wantPublished := []string{was[0].KeyID, was[1].KeyID, is[2].KeyID}
			if a == jwk.HS256 {
				wantPublished = wantPublished[2:]
			}
			if diff := cmp.Diff(wantPublished, published); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRotateTooSoon promises that no key signs before verifiers had Lead to learn it, however that is known or not.
func TestRotateTooSoon(t *testing.T) {
	edit := func(change func(next map[string]any)) func(t *testing.T, doc authtest.RingJSON) []byte {
		return func(t *testing.T, doc authtest.RingJSON) []byte {
			change(doc.Key(doc.Next))
			return publicJWKS(t, parseRing(t, doc.Encode(t)))
		}
	}
	asPublished := edit(func(map[string]any) {})
	made := now.Add(-time.Hour)
	for _, tc := range []struct {
		name    string
		prepare func(t *testing.T, doc authtest.RingJSON) (published []byte)
		at      time.Time
		rotates time.Time // the earliest, as RotatesFrom says afterwards
	}{
		{"at once", asPublished, made, made.Add(keyring.Lead)},
		{"a second early", asPublished, made.Add(keyring.Lead - time.Second), made.Add(keyring.Lead)},
		{"never published", func(*testing.T, authtest.RingJSON) []byte { return nil }, now.Add(day), now.Add(day + keyring.Lead)},
		{"published unreadably", func(*testing.T, authtest.RingJSON) []byte { return []byte("[]") }, now.Add(day), now.Add(day + keyring.Lead)},
		{"published without next", func(t *testing.T, doc authtest.RingJSON) []byte {
			return authtest.RingJSON{Keys: entries(t, publicJWKS(t, parseRing(t, doc.Encode(t))))[:1]}.Encode(t)
		}, now.Add(day), now.Add(day + keyring.Lead)},
		{"age unknown", edit(func(next map[string]any) { delete(next, "createdAt") }), now, now.Add(keyring.Lead)},
		{"made by a clock that was ahead", edit(func(next map[string]any) { next["createdAt"] = now.Add(300 * day).Unix() }), now, now.Add(keyring.Lead)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc := authtest.DecodeRing(t, document(t, jwk.ES256))
			published := tc.prepare(t, doc)
			same, changed, err := parseRing(t, doc.Encode(t)).Rotate(jwk.ES256, published, tc.at)
			if err != nil || changed {
				t.Fatalf("changed %v, %v", changed, err)
			}
			if got := same.RotatesFrom(); !got.Equal(tc.rotates) {
				t.Errorf("rotates from %v, want %v", got, tc.rotates)
			}
			before, after := authtest.DecodeRing(t, doc.Encode(t)), authtest.DecodeRing(t, marshal(t, same))
			delete(before.Key(doc.Next), "createdAt")
			delete(after.Key(doc.Next), "createdAt")
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("the ring changed (-want +got):\n%s", diff)
			}
			if _, changed, _ = same.Rotate(jwk.ES256, publicJWKS(t, same), tc.rotates.Add(-time.Second)); changed {
				t.Error("rotates a second before the time it says")
			}
			if _, changed, err = same.Rotate(jwk.ES256, publicJWKS(t, same), tc.rotates); !changed {
				t.Errorf("does not rotate at the time it says: %v", err)
			}
		})
	}
}

// TestRotateNow promises the same step as Rotate's without the wait.
func TestRotateNow(t *testing.T) {
	old := newRing(t, jwk.ES256, now)
	rotated, err := old.RotateNow(jwk.HS256, now)
	if err != nil {
		t.Fatal(err)
	}
	was, is := old.Facts(), rotated.Facts()
	if len(is) != 3 || is[0].KeyID != was[0].KeyID || is[1].KeyID != was[1].KeyID || is[2].Algorithm != "HS256" {
		t.Errorf("from %v to %v", was, is)
	}
}

// TestRetire promises how long a previous key stays: it verifies the longest token that it can have signed, no token
// after its time, not even in a ring or a set that was read before, and the next rotation takes it out.
func TestRetire(t *testing.T) {
	for _, a := range []jwk.Algorithm{jwk.ES256, jwk.HS256} {
		old := parseRing(t, document(t, a))
		ring := rotate(t, old, a, now.Add(day))
		lastSign, clock := now.Add(day+lateSign), now
		c := claims()
		c.IssuedAt, c.ExpiresAt = lastSign, lastSign.Add(longest)
		raw := sign(t, document(t, a), c)

		settings := config
		settings.Now = func() time.Time { return clock }
		verifiers := map[string]auth.Verifier{"ring": token.NewKeyring(fixed(marshal(t, ring)), keyring.Parse, settings)}
		if a != jwk.HS256 {
			verifiers["set"] = token.NewVerifier(fixed(publicJWKS(t, ring)), settings)
		}
		retires := ring.Facts()[0].RetireAt
		key, _ := old.Current() // a thief who kept it can still sign
		forged := forge(t, key, retires.Add(-time.Minute))
		for name, v := range verifiers {
			clock = c.ExpiresAt.Add(-time.Second)
			if _, err := v.Verify(t.Context(), raw); err != nil {
				t.Errorf("%s, %s: the longest token, a second before its end: %v", a, name, err)
			}
			clock = retires.Add(-time.Second)
			if _, err := v.Verify(t.Context(), forged); err != nil {
				t.Errorf("%s, %s: before the key retires: %v", a, name, err)
			}
			clock = retires
			if _, err := v.Verify(t.Context(), forged); err == nil {
				t.Errorf("%s, %s: takes a token of a retired key", a, name)
			}
		}
		clock = retires.Add(-time.Second)
		if kept := rotate(t, ring, a, clock); kept.Facts()[0].KeyID != key.ID {
			t.Errorf("%s: a rotation a second before takes the key out", a)
		}
		if kept := rotate(t, ring, a, retires); kept.Facts()[0].KeyID == key.ID {
			t.Errorf("%s: the first rotation after its time leaves the key in", a)
		}
	}
}

// TestRetireForeign promises that times which other tools left out or put in the wrong place do no harm.
func TestRetireForeign(t *testing.T) {
	doc := withPrevious(t)
	delete(doc.Keys[0], "retireAt")
	doc.Key(doc.Current)["retireAt"] = now.Add(-time.Hour).Unix()
	k := token.NewKeyring(fixed(doc.Encode(t)), keyring.Parse, config)
	if _, err := k.Verify(t.Context(), sign(t, doc.Encode(t), claims())); err != nil {
		t.Errorf("the current key is no previous one, whatever time it has: %v", err)
	}
	if _, err := k.Verify(t.Context(), sign(t, document(t, jwk.RS256), claims())); err != nil {
		t.Errorf("a previous key without a time: %v", err)
	}
	ring := rotate(t, parseRing(t, doc.Encode(t)), jwk.ES256, now.Add(day))
	for _, k := range ring.Facts()[:2] {
		if want := now.Add(day + lateSign + longest + 30*time.Second); k.State != keyring.Previous || !k.RetireAt.Equal(want) {
			t.Errorf("%s key retires at %v, want %v", k.State, k.RetireAt, want)
		}
	}
}

// TestRotateOften promises a ring that fits into a secret, and never less than Lead between two steps, however often
// a rotation is asked for.
func TestRotateOften(t *testing.T) {
	ring, at, last := newRing(t, jwk.EdDSA, now), now, now
	for at.Before(now.Add(120 * day)) {
		at = ring.RotatesFrom()
		if at.Before(last.Add(keyring.Lead)) {
			t.Fatalf("rotates at %v, after %v", at, last)
		}
		next, changed, err := ring.Rotate(jwk.EdDSA, publicJWKS(t, ring), at)
		if n := len(next.Facts()); err != nil || !changed || n > 64 {
			t.Fatalf("changed %v, %v, %d keys", changed, err, n)
		}
		last, ring = at, next
	}
	long := newRing(t, jwk.RS256Long, now)
	perKey := len(publicJWKS(t, long)) / 2
	if size := len(marshal(t, long)) + 64*(perKey+150); size > 64<<10 {
		t.Errorf("64 of the longest keys are %d bytes, a secret takes 65536", size)
	}
}

// TestRevoke promises that the key is gone at once, with the others and the MAC key as they were, and that two keys
// are in use afterwards.
func TestRevoke(t *testing.T) {
	ring := rotate(t, rotate(t, newRing(t, jwk.ES256, now), jwk.ES256, now.Add(30*day)), jwk.ES256, now.Add(60*day))
	at := now.Add(60*day + time.Minute) // the next key is a minute old
	was := ring.Facts()
	for state, want := range map[keyring.State][]keyring.KeyFacts{
		keyring.Previous: was[1:],
		keyring.Current: {was[0], was[1],
			{KeyID: was[3].KeyID, Algorithm: "ES256", State: keyring.Current, CreatedAt: was[3].CreatedAt, ActivatedAt: at},
			{Algorithm: "EdDSA", State: keyring.Next, CreatedAt: at}},
		keyring.Next: {was[0], was[1], was[2], {Algorithm: "EdDSA", State: keyring.Next, CreatedAt: at}},
	} {
		t.Run(string(state), func(t *testing.T) {
			key := was[slices.IndexFunc(was, func(k keyring.KeyFacts) bool { return k.State == state })].KeyID
			revoked, err := ring.Revoke(key, jwk.EdDSA, at)
			if err != nil {
				t.Fatal(err)
			}
			revoked = parseRing(t, marshal(t, revoked))
			is := revoked.Facts()
			if state != keyring.Previous {
				is[3].KeyID = "" // it is new
			}
			if diff := cmp.Diff(want, is); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
			if authtest.DecodeRing(t, marshal(t, revoked)).MACKey != authtest.DecodeRing(t, marshal(t, ring)).MACKey {
				t.Error("the MAC key changed")
			}
			for _, k := range entries(t, publicJWKS(t, revoked)) {
				if k["kid"] == key {
					t.Error("the key is still published")
				}
			}
			if diff := cmp.Diff(was, ring.Facts()); diff != "" {
				t.Errorf("the ring it was made from changed:\n%s", diff)
			}
			if _, err := revoked.Revoke(key, jwk.ES256, at); err == nil {
				t.Error("revoked twice")
			}
		})
	}
}
