package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

// create makes the pending ring, once. It is published before it is stored, so a next key in the secret has been public since
// it was made, and its age is the time that verifiers have had to learn it.
func (r *Rotator) create(ctx context.Context, v version, have rings) (done, error) {
	if have.pending != nil {
		return done{reasonPendingAlready, have.pending}, r.announce(ctx, v, have.pending)
	}
	ring, reason, err := r.successor(ctx, have.current)
	if err != nil {
		return done{}, fmt.Errorf("make the pending ring: %w", err)
	}
	if err := r.announce(ctx, v, ring); err != nil {
		return done{}, err
	}
	document, err := ring.Marshal()
	if err != nil {
		return done{}, fmt.Errorf("encode the pending ring: %w", err)
	}
	if err := r.Vault.StorePending(ctx, v.id, document); err != nil {
		return done{}, fmt.Errorf("store the pending ring: %w", err)
	}
	return done{reason, ring}, nil
}

// successor returns a first ring, a rotated one, or a copy if it is too soon: an error would leave the version empty and
// pending, which blocks all later rotations.
func (r *Rotator) successor(ctx context.Context, current *keyring.Ring) (*keyring.Ring, auth.Reason, error) {
	if current == nil {
		ring, err := keyring.New(r.Algorithm, r.Now())
		return ring, reasonFirstRing, err
	}
	published, err := r.Public.PublicKeys(ctx)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return nil, "", fmt.Errorf("read the public keys: %w", err)
	}
	ring, changed, err := current.Rotate(r.Algorithm, published, r.Now())
	if err == nil && !changed {
		return ring, reasonTooSoon, nil
	}
	return ring, reasonRotated, err
}

// test signs and verifies with the pending ring. A missing ring is allowed: if rotation is enabled without an immediate
// rotation, Secrets Manager runs only this step, with a version that it throws away.
func (r *Rotator) test(have rings) (done, error) {
	if have.pending == nil {
		return done{reason: reasonNothingPending}, nil
	}
	if err := have.pending.SelfTest(); err != nil {
		return done{}, fmt.Errorf("test the pending ring: %w", err)
	}
	return done{auth.ReasonOK, have.pending}, nil
}

// finish puts the pending ring in use, after its keys are public.
func (r *Rotator) finish(ctx context.Context, v version, have rings) (done, error) {
	if have.pending == nil {
		return done{}, refuse("version %s holds no ring: createSecret comes first", v.id)
	}
	if err := r.announce(ctx, v, have.pending); err != nil {
		return done{}, err
	}
	if err := r.Vault.Promote(ctx, v.inUse, v.id); err != nil {
		return done{}, fmt.Errorf("promote the pending ring: %w", err)
	}
	return r.afterPromotion(ctx, v)
}

// afterPromotion does everything after the promotion, which a repeated finishSecret repeats. It also removes the label: otherwise it
// would look like an unfinished rotation as soon as a ring is stored by hand.
func (r *Rotator) afterPromotion(ctx context.Context, v version) (done, error) {
	ring, err := r.publishInUse(ctx)
	if err != nil {
		return done{}, err
	}
	labels, _, err := r.Vault.Versions(ctx) // again: the promotion may have moved it too
	if err == nil && slices.Contains(labels[v.id], labelPending) {
		err = r.Vault.Drop(ctx, v.id)
	}
	if err != nil {
		return done{}, fmt.Errorf("take %s from the version in use: %w", labelPending, err)
	}
	return done{reasonInUse, ring}, nil
}

// announce publishes a ring that will follow the one in use. If another one is in use by then, it publishes that one's keys,
// because the process that put it in use may have published them before us.
func (r *Rotator) announce(ctx context.Context, v version, ring *keyring.Ring) error {
	jwks, err := ring.PublicJWKS()
	if err != nil {
		return err
	}
	if err := r.publish(ctx, jwks); err != nil {
		return err
	}
	inUse, err := r.inUse(ctx)
	if err != nil || inUse == v.inUse {
		return err
	}
	if _, err := r.publishInUse(ctx); err != nil {
		return err
	}
	return errors.New("publish the keys: another ring was put in use meanwhile")
}

func (r *Rotator) publishInUse(ctx context.Context) (*keyring.Ring, error) {
	return keyring.PublishInUse(ctx, published{r})
}

func (r *Rotator) inUse(ctx context.Context) (string, error) {
	labels, _, err := r.Vault.Versions(ctx)
	if err != nil {
		return "", fmt.Errorf("look up the version in use: %w", err)
	}
	return labelled(labels, labelCurrent), nil
}

func (r *Rotator) publish(ctx context.Context, jwks []byte) error {
	if err := r.Public.PutPublicKeys(ctx, jwks); err != nil {
		return fmt.Errorf("publish the keys: %w", err)
	}
	return nil
}

// published is the secret's ring in use (keyring.Published).
type published struct{ *Rotator }

func (p published) InUse(ctx context.Context) (string, error) { return p.inUse(ctx) }

func (p published) Ring(ctx context.Context, version string) (*keyring.Ring, error) {
	ring, err := p.current(ctx, version)
	if err == nil && ring == nil {
		err = fmt.Errorf("read the current ring: %w", keyring.ErrNoRing)
	}
	return ring, err
}

func (p published) Publish(ctx context.Context, jwks []byte) error { return p.publish(ctx, jwks) }
