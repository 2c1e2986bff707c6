// Package rotation changes the signing keys: it is the Secrets Manager rotation function of the key ring. Its steps
// may come twice, late, out of order and beside a person who changes the ring by hand, and at every moment the ring
// in use must sign, and whatever it signs must verify with keys that have been public long enough.
package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
)

// Staging labels of Secrets Manager: the version that is in use, and the one that a rotation prepares.
const (
	labelCurrent = "AWSCURRENT"
	labelPending = "AWSPENDING"
)

// Vault is one secret with its versions, as Secrets Manager keeps them: a version's value never changes, a label is at
// one version at most. No error holds anything of a value.
type Vault interface {
	// Versions returns the labels of each version that has any, and whether rotation is turned on.
	Versions(ctx context.Context) (labels map[string][]string, rotating bool, err error)
	// Value returns what the version holds; found is false where it exists and holds nothing yet.
	Value(ctx context.Context, version string) (value []byte, found bool, err error)
	// StorePending gives the version its value and AWSPENDING. The same value again is no error; another one is.
	StorePending(ctx context.Context, version string, value []byte) error
	// Promote moves AWSCURRENT in one step, or fails where it is not at the version from; empty is at none.
	Promote(ctx context.Context, from, to string) error
	// Drop takes AWSPENDING from the version, or fails where it is not there.
	Drop(ctx context.Context, version string) error
}

// Parts are what a Rotator is made of; Now may be nil and is then the real clock.
type Parts struct {
	SecretID  string // ARN or name: events about any other secret are refused
	Vault     Vault
	Public    auth.PublicKeys
	Algorithm jwk.Algorithm // of new keys
	Audit     auth.AuditSink
	Now       func() time.Time
}

// Rotator answers rotation events. It keeps nothing between two of them: what was done already it finds in the secret.
type Rotator struct {
	Parts
}

// New returns a rotator of the parts; nothing is called before the first event.
func New(p Parts) *Rotator {
	if p.Now == nil {
		p.Now = time.Now
	}
	return &Rotator{p}
}

// Invoke takes one step (lambda.Handler) and writes one record of it. An error means that the step is to be repeated,
// or the event was not for us; Secrets Manager repeats the whole of a rotation that failed.
func (r *Rotator) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := parseEvent(payload)
	var d done
	if err == nil {
		d, err = r.take(ctx, e)
	}
	_ = r.Audit.Record(ctx, record(e, d, err)) // a step that was taken must not be repeated for its record
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e, err)
	}
	return []byte("null"), nil
}

// done is what a step did, for the record; ring is nil where it touched none.
type done struct {
	reason auth.Reason
	ring   *keyring.Ring
}

func (r *Rotator) take(ctx context.Context, e event) (done, error) {
	if !sameSecret(r.SecretID, e.secretID) {
		return done{}, refuse("the event is about the secret %.300q; this function rotates %s", e.secretID, r.SecretID)
	}
	labels, rotating, err := r.Vault.Versions(ctx)
	if err != nil {
		return done{}, fmt.Errorf("look up the secret's versions: %w", err)
	}
	v, err := e.find(labels, rotating)
	switch {
	case err != nil:
		return done{}, err
	case e.step == finishSecret && v.current:
		return r.settle(ctx, v)
	case v.current:
		return done{reason: reasonCurrentAlready}, nil
	case e.step == setSecret:
		return done{reason: reasonNothingToSet}, nil // nobody but us knows the keys
	}
	have, err := r.rings(ctx, v)
	if err != nil {
		return done{}, err
	}
	switch e.step {
	case createSecret:
		return r.create(ctx, v, have)
	case testSecret:
		return r.test(have)
	default:
		return r.finish(ctx, v, have)
	}
}

// rings are those that a step is about; nil where the version holds none yet.
type rings struct {
	current, pending *keyring.Ring
}

// rings reads both. A pending ring that cannot take the current one's place never will, and would block all rotations
// to come: it loses its label, so that the next one starts anew.
func (r *Rotator) rings(ctx context.Context, v version) (rings, error) {
	current, err := r.current(ctx, v.inUse)
	if err != nil {
		return rings{}, err
	}
	pending, _, err := r.ring(ctx, v.id)
	if err == nil && pending != nil && current != nil {
		if err = pending.Follows(current, r.Now()); err != nil {
			err = unusableError{err}
		}
	}
	if _, unusable := errors.AsType[unusableError](err); unusable {
		err = r.dropped(ctx, v, current, err)
	}
	if err != nil {
		return rings{}, fmt.Errorf("read the pending ring: %w", err)
	}
	return rings{current, pending}, nil
}

func (r *Rotator) dropped(ctx context.Context, v version, current *keyring.Ring, why error) error {
	if current != nil { // its keys are to be public, not those of the ring that was to follow
		if _, err := r.publishInUse(ctx); err != nil {
			return fmt.Errorf("%w; %w", why, err)
		}
	}
	if err := r.Vault.Drop(ctx, v.id); err != nil {
		return fmt.Errorf("%w; take %s from its version: %w", why, labelPending, err)
	}
	return fmt.Errorf("%w; its version is not %s any more, and the next rotation starts anew", why, labelPending)
}

// unusableError is about a ring, not about the reading of it.
type unusableError struct{ error }

// current returns the ring in use, nil before there is one. A version in use whose value is not found has one that
// cannot be had now: to take it for none would replace all keys.
func (r *Rotator) current(ctx context.Context, version string) (*keyring.Ring, error) {
	if version == "" {
		return nil, nil
	}
	ring, found, err := r.ring(ctx, version)
	if err == nil && !found {
		err = fmt.Errorf("version %s is in use and has no value", version)
	}
	if err != nil {
		return nil, fmt.Errorf("read the current ring: %w", err)
	}
	return ring, nil
}

// ring returns nil for a version that holds nothing, and for what CloudFormation puts there before there is a ring.
func (r *Rotator) ring(ctx context.Context, version string) (ring *keyring.Ring, found bool, err error) {
	value, found, err := r.Vault.Value(ctx, version)
	if err != nil || !found {
		return nil, false, err
	}
	ring, err = keyring.Parse(value)
	switch {
	case errors.Is(err, keyring.ErrNoRing):
		return nil, true, nil
	case err != nil:
		return nil, true, unusableError{err}
	}
	return ring, true, nil
}
