// Package rotation is the Secrets Manager rotation function of the key ring. Its steps may be repeated, late, out of order and
// concurrent with changes by hand. At every moment the ring in use must sign, and its tokens must verify with keys that have
// been public long enough.
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

// Staging labels of Secrets Manager: the version in use, and the one that a rotation prepares.
const (
	labelCurrent = "AWSCURRENT"
	labelPending = "AWSPENDING"
)

// Vault is one secret with its versions, as in Secrets Manager: a version's value never changes, and a label is on at most one
// version. Errors contain nothing of a value.
type Vault interface {
	// Versions returns the labels of each version that has any, and whether rotation is enabled.
	Versions(ctx context.Context) (labels map[string][]string, rotating bool, err error)
	// Value returns the version's value; found is false if it exists without a value.
	Value(ctx context.Context, version string) (value []byte, found bool, err error)
	// StorePending gives the version its value and AWSPENDING. Repeating it is allowed; another value is an error.
	StorePending(ctx context.Context, version string, value []byte) error
	// Promote moves AWSCURRENT atomically, and fails if it is not on the version from; empty means on no version.
	Promote(ctx context.Context, from, to string) error
	// Drop removes AWSPENDING from the version, and fails if it has no such label.
	Drop(ctx context.Context, version string) error
}

// Config holds what a Rotator needs; a nil Now is the real clock.
type Config struct {
	SecretID  string // ARN or name: events about any other secret are refused
	Vault     Vault
	Public    auth.PublicKeys
	Algorithm jwk.Algorithm // of new keys
	Audit     auth.AuditSink
	Now       func() time.Time
}

// Rotator answers rotation events. It keeps no state between them: the secret shows what was done already.
type Rotator struct {
	Config
}

// New returns a rotator; nothing is called before the first event.
func New(c Config) *Rotator {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Rotator{c}
}

// Invoke runs one step (lambda.Handler) and writes one record of it. An error means that the step must be repeated, or that
// the event is not for this secret; Secrets Manager repeats a failed rotation as a whole.
func (r *Rotator) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := parseEvent(payload)
	var d done
	if err == nil {
		d, err = r.take(ctx, e)
	}
	_ = r.Audit.Record(ctx, record(e, d, err)) // a completed step must not be repeated because of its record
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e, err)
	}
	return []byte("null"), nil
}

// done is the outcome of a step, for the record; ring is nil if the step used no ring.
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
		return r.afterPromotion(ctx, v)
	case v.current:
		return done{reason: reasonCurrentAlready}, nil
	case e.step == setSecret:
		return done{reason: reasonNothingToSet}, nil // no other system uses the keys
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

// rings are the two rings of a step; nil if the version has no ring yet.
type rings struct {
	current, pending *keyring.Ring
}

// rings reads both. A pending ring that cannot replace the current one never will, and would block all later rotations, so it
// loses its label and the next rotation starts over.
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
	if current != nil { // its keys must be public, not those of the dropped ring
		if _, err := r.publishInUse(ctx); err != nil {
			return fmt.Errorf("%w; %w", why, err)
		}
	}
	if err := r.Vault.Drop(ctx, v.id); err != nil {
		return fmt.Errorf("%w; take %s from its version: %w", why, labelPending, err)
	}
	return fmt.Errorf("%w; its version is not %s any more, and the next rotation starts over", why, labelPending)
}

// unusableError reports an invalid ring, as opposed to a failure to read it.
type unusableError struct{ error }

// current returns the ring in use, or nil before the first one. If the version in use has no value, the value is unavailable:
// treating it as absent would replace all keys.
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

// ring returns nil for a version without a value, and for the placeholder that CloudFormation stores.
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
