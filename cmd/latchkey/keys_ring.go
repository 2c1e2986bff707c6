package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/keyring"
	"latchkey/internal/secret"
)

// ringPlace is where a ring is, and the table in which its public keys are for the functions that may not read it. For
// a key file there is no table: whoever serves with it publishes what it holds.
type ringPlace struct {
	keys   place
	at     app.Location
	public auth.PublicKeys // or nil
	io.Closer
}

// openRing opens both. A secret is opened without a table where --store names none: see unpublished.
func (c *cli) openRing(cmd *cobra.Command, config app.Config) (ringPlace, error) {
	keys, err := c.openKeys(cmd.Context(), config.Keys)
	if err != nil {
		return ringPlace{}, err
	}
	p := ringPlace{keys: keys, at: config.Keys, Closer: io.NopCloser(nil)}
	if config.Keys.Kind == "file" || config.Store.Kind != "dynamodb" {
		return p, nil
	}
	store, err := c.openStore(cmd)
	if err != nil {
		return ringPlace{}, err
	}
	p.public, p.Closer = store, store
	return p, nil
}

// unpublished says whether there are functions that would not learn of a change.
func (p ringPlace) unpublished() bool { return p.at.Kind != "file" && p.public == nil }

// maxChanges bounds how often a change is tried while others change the ring.
const maxChanges = 3

// change stores what the step makes of the ring, nil for none, and of the keys that are public. They are published
// before, so that verifiers know a key earlier than it signs, and afterwards, because others may have done the same.
func (p ringPlace) change(ctx context.Context, step func(ring *keyring.Ring, published []byte) (*keyring.Ring, error)) (*keyring.Ring, error) {
	var err error
	for range maxChanges {
		var ring *keyring.Ring
		if ring, err = p.tryChange(ctx, step); !errors.Is(err, secret.ErrChanged) {
			return ring, err
		}
	}
	return nil, err
}

func (p ringPlace) tryChange(ctx context.Context, step func(*keyring.Ring, []byte) (*keyring.Ring, error)) (*keyring.Ring, error) {
	before, seen, err := readRing(ctx, p.keys)
	if err != nil && !errors.Is(err, keyring.ErrNoRing) {
		return nil, fmt.Errorf("read the key ring in %s: %w", p.at, err)
	}
	published, err := p.published(ctx, before)
	if err != nil {
		return nil, err
	}
	ring, err := step(before, published)
	if err != nil {
		return nil, err
	}
	document, err := ring.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode the key ring: %w", err)
	}
	if err := p.publish(ctx, ring); err != nil {
		return nil, err
	}
	var failed error
	if !bytes.Equal(document, seen) {
		failed = p.keys.Put(ctx, seen, document)
	}
	if err := p.settle(ctx); err != nil {
		return nil, errors.Join(failed, err)
	}
	if failed != nil {
		return nil, fmt.Errorf("store the key ring: %w", failed)
	}
	return ring, nil
}

// published is what verifiers are served now. Those of a key file are served what is in it.
func (p ringPlace) published(ctx context.Context, ring *keyring.Ring) ([]byte, error) {
	switch {
	case p.public != nil:
		jwks, err := p.public.PublicKeys(ctx)
		if err != nil && !errors.Is(err, auth.ErrNotFound) {
			return nil, fmt.Errorf("read the public keys: %w", err)
		}
		return jwks, nil
	case ring != nil:
		return ring.PublicJWKS()
	}
	return nil, nil
}

func (p ringPlace) publish(ctx context.Context, ring *keyring.Ring) error {
	if p.public == nil {
		return nil
	}
	jwks, err := ring.PublicJWKS()
	if err != nil {
		return err
	}
	if err := p.public.PutPublicKeys(ctx, jwks); err != nil {
		return fmt.Errorf("publish the keys: %w", err)
	}
	return nil
}

// settle publishes the ring that is stored until it is still the same afterwards: of two who change it at once, the
// keys of the one whose ring stays are published last.
func (p ringPlace) settle(ctx context.Context) error {
	if p.public == nil {
		return nil
	}
	for range maxChanges {
		ring, before, err := readRing(ctx, p.keys)
		if errors.Is(err, keyring.ErrNoRing) {
			return nil
		}
		if err == nil {
			err = p.publish(ctx, ring)
		}
		if err != nil {
			return err
		}
		if after, err := p.keys.Get(ctx); err != nil || bytes.Equal(before, after) {
			return err
		}
	}
	return errors.New("publish the keys: the ring changed again each time")
}
