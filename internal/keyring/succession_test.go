package keyring_test

import (
	"testing"
	"time"

	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
)

// TestFollows promises which rings may be put in the place of the current one, and that those which lost touch with it
// while they waited are refused: promoting one would bring a revoked key back.
func TestFollows(t *testing.T) {
	base := rotate(t, rotate(t, newRing(t, jwk.ES256, now), jwk.ES256, now.Add(30*day)), jwk.ES256, now.Add(60*day))
	keys := base.Facts()
	at := now.Add(90 * day)
	waiting, other := rotate(t, base, jwk.EdDSA, at), rotate(t, base, jwk.EdDSA, at)
	revoke := func(i int) *keyring.Ring {
		t.Helper()
		r, err := base.Revoke(keys[i].KeyID, jwk.ES256, at)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	restarted, changed, err := base.Rotate(jwk.ES256, nil, at)
	if changed || err != nil {
		t.Fatalf("%v, %v", changed, err)
	}
	retires := keys[0].RetireAt // after base's first key was dropped, base without it
	dropped := rotate(t, base, jwk.ES256, retires)
	for _, tc := range []struct {
		name          string
		ring, current *keyring.Ring
		after         time.Duration
		want          bool
	}{
		{"rotated", waiting, base, 0, true},
		{"rotated, at the limit", waiting, base, 18 * time.Hour, true},
		{"rotated too long ago", waiting, base, 18*time.Hour + time.Second, false},
		{"the same", base, base, 365 * day, true},
		{"the same, announced anew", restarted, base, 365 * day, true},
		{"current already", waiting, waiting, 365 * day, true},
		{"a retired key dropped", dropped, base, retires.Sub(at), true},
		{"a key dropped that is not retired yet", dropped, base, retires.Sub(at) - time.Second, false},
		{"another rotation came first", waiting, other, 0, false},
		{"a copy, and a rotation came first", base, other, 0, false},
		{"current revoked meanwhile", waiting, revoke(2), 0, false},
		{"next revoked meanwhile", waiting, revoke(3), 0, false},
		{"previous revoked meanwhile", waiting, revoke(0), 0, false},
		{"a copy, and current revoked", base, revoke(2), 0, false},
		{"a copy, and previous revoked", base, revoke(0), 0, false},
		{"two steps", rotate(t, waiting, jwk.ES256, at.Add(day)), base, day, false},
		{"a step back", base, waiting, 0, false},
		{"another ring", newRing(t, jwk.ES256, at), base, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.ring.Follows(tc.current, at.Add(tc.after)); (err == nil) != tc.want {
				t.Errorf("Follows = %v, want %v", err, tc.want)
			}
		})
	}
}

// TestFollowsMACKey promises that a ring with the same keys and another MAC key is refused: all sessions would end.
func TestFollowsMACKey(t *testing.T) {
	doc := authtest.DecodeRing(t, document(t, jwk.ES256))
	doc.MACKey = authtest.DecodeRing(t, document(t, jwk.EdDSA)).MACKey
	if err := parseRing(t, doc.Encode(t)).Follows(parseRing(t, document(t, jwk.ES256)), now); err == nil {
		t.Error("follows")
	}
}

// TestFollowsPublicPart promises that a key is told from another by more than its name.
func TestFollowsPublicPart(t *testing.T) {
	current, impostor := authtest.DecodeRing(t, document(t, jwk.ES256)), authtest.DecodeRing(t, marshal(t, newRing(t, jwk.ES256, now)))
	impostor.Keys[0]["kid"], impostor.Current, impostor.MACKey = current.Current, current.Current, current.MACKey
	impostor.Keys[1] = current.Key(current.Next)
	impostor.Next = current.Next
	if err := parseRing(t, impostor.Encode(t)).Follows(parseRing(t, current.Encode(t)), now); err == nil {
		t.Error("follows")
	}
}

// TestSelfTest promises that good rings pass, of every algorithm and at every point of their lives.
func TestSelfTest(t *testing.T) {
	for _, a := range all {
		ring := parseRing(t, document(t, a))
		if err := ring.SelfTest(); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		if err := rotate(t, ring, jwk.HS256, now.Add(day)).SelfTest(); err != nil {
			t.Errorf("%s, rotated: %v", a, err)
		}
	}
}
