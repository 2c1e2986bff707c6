package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/jwk"
)

var (
	// ErrChanged: someone else changed the ring meanwhile, and nothing was stored.
	ErrChanged = errors.New("keyring: changed meanwhile")
	// ErrUnknownKey: neither the ring nor the published JWKS has a key of that id.
	ErrUnknownKey = errors.New("keyring: no such key")
)

// Place is where a ring is kept, and the JWKS that verifiers read. Its errors hold nothing of a document.
type Place interface {
	Document
	// Put stores the document if the place still holds seen (compare-and-swap), else returns ErrChanged.
	Put(ctx context.Context, seen, document []byte) error
	// PublicKeys returns the JWKS that verifiers read now, nil before the first.
	PublicKeys(ctx context.Context) ([]byte, error)
	// PutPublicKeys replaces that JWKS.
	PutPublicKeys(ctx context.Context, jwks []byte) error
}

// Document is a stored ring, in a file or in a secret, for those who only read it. Its errors quote nothing of it.
type Document interface {
	// Get returns the document, nil if there is none.
	Get(ctx context.Context) ([]byte, error)
	// String names the place in errors.
	String() string
}

// Load reads the ring and its document. It returns ErrNoRing only if there is none, never for a ring that cannot be
// read.
func Load(ctx context.Context, from Document) (*Ring, []byte, error) {
	document, err := from.Get(ctx)
	if err != nil {
		return nil, nil, err
	}
	ring, err := Parse(document)
	if err != nil && !errors.Is(err, ErrNoRing) {
		err = fmt.Errorf("read the key ring in %s: %w; restore it from a backup; only if there is none, empty it and run "+
			"'latchkey keys init', which ends every session", from, err)
	}
	return ring, document, err
}

// Changer changes the ring at a place. Verifiers learn of each key before it signs and lose none that still does: the
// JWKS gains keys before a ring is stored and loses keys afterwards.
type Changer struct {
	Place     Place
	Algorithm jwk.Algorithm // of new keys
	Now       func() time.Time
}

// Outcome says what a change did to the ring, so that a repeated command can tell a finished change from a new one.
type Outcome int

const (
	Left     Outcome = iota // the keys are as they were
	Changed                 // as it was asked
	Finished                // an earlier call changed the ring and failed afterwards; this one published the rest
)

// Init stores a first ring. One that is stored already is left alone; its public keys are published if they are not.
func (c Changer) Init(ctx context.Context) (*Ring, Outcome, error) {
	return c.change(ctx, func(ring *Ring, published []byte) (*Ring, Outcome, error) {
		if ring == nil {
			first, err := New(c.Algorithm, c.Now())
			return first, Changed, err
		}
		jwks, err := ring.PublicJWKS()
		if bytes.Equal(jwks, published) {
			return ring, Left, err
		}
		return ring, Finished, err
	})
}

// Rotate takes the ring a step on: see Ring.Rotate, and Ring.RotateNow for now. Too soon for it, the keys are Left. A
// rotation that was stored and not published is Finished instead, so that repeating it does not rotate twice.
func (c Changer) Rotate(ctx context.Context, now bool) (*Ring, Outcome, error) {
	return c.change(ctx, func(ring *Ring, published []byte) (*Ring, Outcome, error) {
		switch {
		case ring == nil:
			return nil, Left, ErrNoRing
		case ring.unfinished(published):
			return ring, Finished, nil
		case now:
			rotated, err := ring.RotateNow(c.Algorithm, c.Now())
			return rotated, Changed, err
		}
		rotated, changed, err := ring.Rotate(c.Algorithm, published, c.Now())
		if !changed {
			return rotated, Left, err
		}
		return rotated, Changed, err
	})
}

// Revoke takes the key out of the ring: see Ring.Revoke. A key that the ring has lost already and the JWKS has not is
// taken out of the JWKS. ErrUnknownKey where neither has it.
func (c Changer) Revoke(ctx context.Context, keyID string) (*Ring, Outcome, error) {
	return c.change(ctx, func(ring *Ring, published []byte) (*Ring, Outcome, error) {
		if ring == nil {
			return nil, Left, ErrNoRing
		}
		if _, known := ring.find(keyID); known {
			revoked, err := ring.Revoke(keyID, c.Algorithm, c.Now())
			return revoked, Changed, err
		}
		if knows(published, keyID) {
			return ring, Finished, nil
		}
		return nil, Left, fmt.Errorf("%w: the ring has no key %q", ErrUnknownKey, keyID)
	})
}

// step decides which ring follows (nil: there is no ring yet), given the JWKS that verifiers read.
type step func(ring *Ring, published []byte) (*Ring, Outcome, error)

// change starts over while others change the ring. After an error the ring is not nil if it is stored: then only its
// publication failed.
func (c Changer) change(ctx context.Context, decide step) (ring *Ring, outcome Outcome, err error) {
	for range maxRounds {
		if ring, outcome, err = c.changeOnce(ctx, decide); !errors.Is(err, ErrChanged) {
			return ring, outcome, err
		}
	}
	return nil, Left, err
}

func (c Changer) changeOnce(ctx context.Context, decide step) (*Ring, Outcome, error) {
	before, seen, err := Load(ctx, c.Place)
	if err != nil && !errors.Is(err, ErrNoRing) {
		return nil, Left, err
	}
	published, err := c.Place.PublicKeys(ctx)
	if err != nil {
		return nil, Left, err
	}
	ring, outcome, err := decide(before, published)
	if err != nil {
		return nil, Left, err
	}
	if ring != before {
		if err := c.store(ctx, before, seen, ring); err != nil {
			return nil, Left, err
		}
	}
	stays, err := PublishInUse(ctx, inUse{c.Place})
	switch {
	case err == nil:
		return stays, outcome, nil
	case outcome == Left:
		return nil, Left, err
	case outcome == Changed && ring.losesNothing(before) || c.published(ctx, ring):
		return ring, outcome, nil
	}
	return ring, outcome, &UnpublishedError{err}
}

// published reports whether verifiers read the ring's keys and no others: then only an answer was lost.
func (c Changer) published(ctx context.Context, ring *Ring) bool {
	jwks, err := ring.PublicJWKS()
	stored, failed := c.Place.PublicKeys(ctx)
	return err == nil && failed == nil && bytes.Equal(jwks, stored)
}

// store publishes the keys of both rings, and then puts the ring in the place of the one before it.
func (c Changer) store(ctx context.Context, before *Ring, seen []byte, ring *Ring) error {
	jwks, err := ring.publicWith(before)
	if err != nil {
		return err
	}
	document, err := ring.Marshal()
	if err != nil {
		return err
	}
	if err := c.Place.PutPublicKeys(ctx, jwks); err != nil {
		return fmt.Errorf("%w; the ring was left as it is", err)
	}
	err = c.Place.Put(ctx, seen, document)
	switch {
	case errors.Is(err, ErrChanged): // the keys just published are perhaps not those of the ring that stays
		if _, failed := PublishInUse(ctx, inUse{c.Place}); failed != nil && !errors.Is(failed, ErrNoRing) {
			return fmt.Errorf("%w; %w", err, failed)
		}
		return err
	case err != nil:
		return fmt.Errorf("%w; unless only the answer was lost, the ring was not changed: the same command again does what is missing", err)
	}
	return nil
}

// UnpublishedError: the ring is stored and signs, and its public keys could not be published afterwards. Verifiers know
// every key that signs, and still accept the keys that the ring lost. Repeating the change finishes it.
type UnpublishedError struct{ Err error }

// Error says what state the place is in.
func (e *UnpublishedError) Error() string {
	return fmt.Sprintf("the ring is changed and in use, but verifiers may still accept a key that it lost: the same command again publishes "+
		"the keys, and changes nothing else: %v", e.Err)
}

// Unwrap returns why they are.
func (e *UnpublishedError) Unwrap() error { return e.Err }

// inUse is the ring at a place; its version is the document itself.
type inUse struct{ Place }

func (p inUse) InUse(ctx context.Context) (string, error) {
	document, err := p.Get(ctx)
	return string(document), err
}

func (p inUse) Ring(_ context.Context, version string) (*Ring, error) { return Parse([]byte(version)) }

func (p inUse) Publish(ctx context.Context, jwks []byte) error { return p.PutPublicKeys(ctx, jwks) }
