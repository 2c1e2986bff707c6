package rotation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
)

// chaos is a deployment with random events, and the invariants that must hold after each.
type chaos struct {
	*kit
	t       *rapid.T
	macKey  string
	signs   string               // the current key
	public  map[string]time.Time // since when, without interruption
	revoked []string
	hands   int
	free    bool // a revocation may put a young key in use
}

func newChaos(t *rapid.T) *chaos {
	c := &chaos{kit: newKit("{}"), t: t, public: map[string]time.Time{}}
	c.rotate(t, "v1")
	c.macKey, c.signs = secrets(c.vault.current())[0], inUse(c.ring(t)).KeyID
	c.check()
	return c
}

// check is called after every event.
func (c *chaos) check() {
	ring, served := c.ring(c.t), published(c.t, c.table.jwks)
	for id := range c.public {
		if !slices.Contains(served, id) {
			delete(c.public, id)
		}
	}
	for _, id := range served {
		if _, known := c.public[id]; !known {
			c.public[id] = c.now
		}
	}
	for _, id := range keyIDs(ring) {
		if slices.Contains(c.revoked, id) {
			c.t.Fatalf("the revoked key %s is back", id)
		}
	}
	signs := inUse(ring).KeyID
	since, known := c.public[signs]
	switch {
	case secrets(c.vault.current())[0] != c.macKey:
		c.t.Fatal("the MAC key changed")
	case !known:
		c.t.Fatalf("the key that signs, %s, is not among the published %v", signs, served)
	case signs != c.signs && !c.free && c.now.Sub(since) < keyring.Lead:
		c.t.Fatalf("%s signs %v after it was published", signs, c.now.Sub(since))
	}
	c.signs, c.free = signs, false
}

// byHand changes the ring as the command line does: publish, store if unchanged, publish again.
func (c *chaos) byHand(change func(r *keyring.Ring) (*keyring.Ring, error)) {
	c.hands++
	ring, err := change(c.ring(c.t))
	if err != nil {
		c.t.Fatal(err)
	}
	c.table.jwks = publicJWKS(c.t, ring)
	c.vault.write(fmt.Sprint("hand-", c.hands), marshal(c.t, ring))
}

func (c *chaos) rotateByHand() {
	c.byHand(func(r *keyring.Ring) (*keyring.Ring, error) {
		rotated, _, err := r.Rotate(jwk.ES256, c.table.jwks, c.now)
		return rotated, err
	})
}

func (c *chaos) revokeByHand() {
	c.free = true
	c.byHand(func(r *keyring.Ring) (*keyring.Ring, error) {
		id := rapid.SampledFrom(keyIDs(r)).Draw(c.t, "key")
		c.revoked = append(c.revoked, id)
		return r.Revoke(id, jwk.ES256, c.now)
	})
}

// disturb makes calls of a step fail, or changes the ring by hand just before one of them.
func (c *chaos) disturb() {
	from, lasting := rapid.IntRange(1, 15).Draw(c.t, "disturbed call"), rapid.IntRange(0, 3).Draw(c.t, "lasting")
	what := rapid.SampledFrom([]func(){nil, nil, c.rotateByHand, c.revokeByHand}).Draw(c.t, "by hand")
	calls, busy := 0, false
	disturbance := func(string) error {
		if busy {
			return nil
		}
		calls++
		switch {
		case calls == from && what != nil:
			busy = true
			what()
			busy = false
		case what == nil && calls >= from && calls < from+lasting:
			return errDown
		}
		return nil
	}
	c.vault.fail, c.table.fail = disturbance, disturbance
}

func (c *chaos) happen(i int) {
	version := c.vault.at("AWSPENDING")
	switch rapid.SampledFrom([]string{"begin", "step", "step", "step", "step", "wait", "rotate", "revoke"}).Draw(c.t, "what") {
	case "begin":
		_ = c.vault.begin(fmt.Sprint("version-", i)) // fails while an earlier rotation is unfinished
	case "step":
		of := rapid.SampledFrom([]string{version, version, version, c.vault.at("AWSPREVIOUS"), "v1"}).Draw(c.t, "of")
		c.disturb()
		_ = c.step(c.t, rapid.SampledFrom(steps).Draw(c.t, "step"), of)
		c.failing(0, 0)
	case "wait":
		c.now = c.now.Add(rapid.SampledFrom([]time.Duration{keyring.Lead / 2, keyring.Lead, 20 * day}).Draw(c.t, "wait"))
	case "rotate":
		c.rotateByHand()
	case "revoke":
		c.revokeByHand()
	}
}

// TestChaos promises that no sequence of steps, repetitions, failures, waits and changes by hand breaks an invariant, and that
// an undisturbed rotation works afterwards.
func TestChaos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newChaos(t)
		for i := range rapid.IntRange(1, 40).Draw(t, "length") {
			c.happen(i)
			c.check()
		}
		if version := c.vault.at("AWSPENDING"); version != "" { // Secrets Manager repeats an unfinished rotation
			for _, step := range steps {
				_ = c.step(t, step, version)
				c.check()
			}
		}
		c.now = c.now.Add(20 * day)
		before := c.signs
		c.rotate(t, "last")
		c.check()
		if c.signs == before {
			t.Fatal("the last rotation did nothing")
		}
		if ids := published(t, c.table.jwks); !slices.Equal(ids, keyIDs(c.ring(t))) {
			t.Fatalf("published are %v, not the keys of the ring", ids)
		}
	})
}
