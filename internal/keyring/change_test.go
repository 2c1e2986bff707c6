package keyring_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
)

// place is a secret and a table in memory. A call may fail before it does anything, or after.
type place struct {
	document, jwks []byte
	calls          int
	failAt         int  // the call that fails, from 1; 0: none
	lost           bool // it fails after it is done: only the answer is lost
}

var errDown = errors.New("connection refused")

func (p *place) call(do func()) error {
	p.calls++
	if p.calls == p.failAt {
		if p.lost {
			do()
		}
		return errDown
	}
	do()
	return nil
}

func (p *place) String() string { return "memory" }

func (p *place) Get(context.Context) (document []byte, err error) {
	err = p.call(func() { document = bytes.Clone(p.document) })
	return document, err
}

func (p *place) Put(_ context.Context, seen, document []byte) error {
	changed := false
	err := p.call(func() {
		if changed = !bytes.Equal(p.document, seen); !changed {
			p.document = bytes.Clone(document)
		}
	})
	if err == nil && changed {
		return keyring.ErrChanged
	}
	return err
}

func (p *place) PublicKeys(context.Context) (jwks []byte, err error) {
	err = p.call(func() { jwks = bytes.Clone(p.jwks) })
	return jwks, err
}

func (p *place) PutPublicKeys(_ context.Context, jwks []byte) error {
	return p.call(func() { p.jwks = bytes.Clone(jwks) })
}

func (p *place) ring(t *testing.T) *keyring.Ring {
	t.Helper()
	ring, err := keyring.Parse(p.document)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// wantKnown promises that verifiers who fetch the keys now know the one that signs, and that nothing ends it.
func (p *place) wantKnown(t *testing.T, when string) {
	t.Helper()
	set, err := jwk.ParseSet(p.jwks)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	current, _ := p.ring(t).Current()
	if k, known := set.Key(current.ID); !known || k.RetireAt != 0 {
		t.Errorf("%s: the key that signs is published: %v, until %d", when, known, k.RetireAt)
	}
}

func (p *place) wantPublished(t *testing.T, when string) {
	t.Helper()
	want, err := p.ring(t).PublicJWKS()
	if err != nil || !bytes.Equal(want, p.jwks) {
		t.Errorf("%s: the published keys are not the ring's: %v", when, err)
	}
}

// change is what an operator does to a ring.
type change func(keyring.Changer, context.Context) (*keyring.Ring, keyring.Outcome, error)

func rotateNow(c keyring.Changer, ctx context.Context) (*keyring.Ring, keyring.Outcome, error) {
	return c.Rotate(ctx, true)
}

func revoke(keyID string) change {
	return func(c keyring.Changer, ctx context.Context) (*keyring.Ring, keyring.Outcome, error) {
		return c.Revoke(ctx, keyID)
	}
}

// rotated is a place whose ring was rotated once: it has a key in each state.
func rotated(t *testing.T) (*place, keyring.Changer) {
	t.Helper()
	p := &place{}
	c := keyring.Changer{Place: p, Algorithm: jwk.ES256, Now: time.Now}
	for _, step := range []change{func(c keyring.Changer, ctx context.Context) (*keyring.Ring, keyring.Outcome, error) {
		return c.Init(ctx)
	}, rotateNow} {
		if _, outcome, err := step(c, t.Context()); err != nil || outcome != keyring.Changed {
			t.Fatal(outcome, err)
		}
	}
	p.calls = 0
	return p, c
}

func idOf(t *testing.T, ring *keyring.Ring, state keyring.State) string {
	t.Helper()
	for _, k := range ring.Facts() {
		if k.State == state {
			return k.KeyID
		}
	}
	t.Fatalf("no %s key", state)
	return ""
}

// TestChangeFailsAnywhere promises, whichever call of a change fails, before or after it is done, that verifiers know the key
// that signs, and that repeating the change makes it once: no second rotation, and a revoked key is no longer published.
func TestChangeFailsAnywhere(t *testing.T) {
	kinds := map[string]func(t *testing.T, ring *keyring.Ring) change{
		"rotate": func(*testing.T, *keyring.Ring) change { return rotateNow },
	}
	for _, state := range []keyring.State{keyring.Previous, keyring.Current, keyring.Next} {
		kinds["revoke "+string(state)] = func(t *testing.T, ring *keyring.Ring) change { return revoke(idOf(t, ring, state)) }
	}
	for name, kind := range kinds {
		for _, lost := range []bool{false, true} {
			for at := 1; ; at++ {
				p, c := rotated(t)
				before := p.ring(t)
				act := kind(t, before)
				p.failAt, p.lost = at, lost
				ring, _, err := act(c, t.Context())
				when := fmt.Sprintf("%s, call %d fails (done: %v)", name, at, lost)
				if p.calls < at {
					break // a change has no more calls
				}
				p.wantKnown(t, when)
				stored := !bytes.Equal(p.document, mustMarshal(t, before))
				unpublished, isUnpublished := errors.AsType[*keyring.UnpublishedError](err)
				if isUnpublished != (ring != nil && err != nil) || isUnpublished && !errors.Is(unpublished, errDown) || isUnpublished && !stored {
					t.Errorf("%s: %v, stored %v", when, err, stored)
				}
				if err == nil { // only an answer was lost
					p.wantPublished(t, when)
					continue
				}
				_, outcome, err := act(c, t.Context())
				if want := map[bool]keyring.Outcome{true: keyring.Finished, false: keyring.Changed}[stored]; err != nil || outcome != want {
					t.Errorf("%s: repeating it is outcome %d, %v; want %d", when, outcome, err, want)
				}
				p.wantPublished(t, when+", repeated")
				if got, want := len(p.ring(t).Facts()), map[string]int{"rotate": 4, "revoke previous": 2, "revoke current": 3, "revoke next": 3}[name]; got != want {
					t.Errorf("%s: the ring has %d keys, want %d", when, got, want)
				}
			}
		}
	}
}

func mustMarshal(t *testing.T, ring *keyring.Ring) []byte {
	t.Helper()
	document, err := ring.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// TestInitPublishes promises that a ring that is stored and not published is published, and one that is both left alone.
func TestInitPublishes(t *testing.T) {
	p, c := rotated(t)
	document := bytes.Clone(p.document)
	if _, outcome, err := c.Init(t.Context()); outcome != keyring.Left || err != nil {
		t.Errorf("of a published ring: %d, %v", outcome, err)
	}
	p.jwks = nil
	if _, outcome, err := c.Init(t.Context()); outcome != keyring.Finished || err != nil || !bytes.Equal(p.document, document) {
		t.Errorf("of an unpublished ring: %d, %v", outcome, err)
	}
	p.wantPublished(t, "after both")
}

// TestRotateDuringRotation promises that the keys which a pending rotation announced do not pass for an unfinished change.
func TestRotateDuringRotation(t *testing.T) {
	p, c := rotated(t)
	pending, err := p.ring(t).RotateNow(jwk.ES256, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if p.jwks, err = pending.PublicJWKS(); err != nil {
		t.Fatal(err)
	}
	if _, outcome, err := rotateNow(c, t.Context()); outcome != keyring.Changed || err != nil {
		t.Errorf("outcome %d, %v", outcome, err)
	}
	p.wantPublished(t, "after the change")
}

// TestSymmetricKeyRotatesOnce promises success if only the last look at the place fails and nothing was to be published:
// repeating the change would rotate twice.
func TestSymmetricKeyRotatesOnce(t *testing.T) {
	for at := 5; at <= 7; at++ {
		p := &place{}
		c := keyring.Changer{Place: p, Algorithm: jwk.HS256, Now: time.Now}
		if _, _, err := c.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.calls, p.failAt = 0, at
		if _, outcome, err := rotateNow(c, t.Context()); err != nil || outcome != keyring.Changed {
			t.Errorf("call %d fails: %d, %v", at, outcome, err)
		}
	}
}
