package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/keyring"
	"latchkey/internal/secret"
)

// ringStore keeps the document of a key ring: a file or a secret.
type ringStore interface {
	Get(ctx context.Context) ([]byte, error)
	// Put writes value if the store still holds what was seen, else returns secret.ErrChanged.
	Put(ctx context.Context, seen, value []byte) error
}

func (c *cli) openKeys(ctx context.Context, at app.Location) (ringStore, error) {
	return app.Open(ctx, at, map[string]app.Opener[ringStore]{
		app.File: func(_ context.Context, path string) (ringStore, error) { return secret.File(path), nil },
		app.SecretsManager: func(ctx context.Context, id string) (ringStore, error) {
			aws, err := c.loadAWS(ctx)
			if err != nil {
				return nil, err
			}
			return app.SecretKeys(aws, id), nil
		},
	})
}

// ringPlace is a ring and the table where functions that may not read it find its public keys (keyring.Place). A key file
// has no table: its server publishes what is in it.
type ringPlace struct {
	ringStore
	at     app.Location
	public auth.PublicKeys // nil: no table
	io.Closer
}

// openRing opens both. A secret is opened without a table if --store names none: see unpublished.
func (c *cli) openRing(ctx context.Context, config app.Config) (ringPlace, error) {
	keys, err := c.openKeys(ctx, config.Keys)
	if err != nil {
		return ringPlace{}, err
	}
	p := ringPlace{ringStore: keys, at: config.Keys, Closer: io.NopCloser(nil)}
	if config.Keys.IsLocal() || unpublished(config) {
		return p, nil
	}
	store, err := c.openStore(ctx, config.Store, true)
	if err != nil {
		return ringPlace{}, err
	}
	p.public, p.Closer = store, store
	return p, nil
}

// unpublished reports whether there are functions that would not learn of a change of the ring.
func unpublished(config app.Config) bool {
	return !config.Keys.IsLocal() && config.Store.Kind != app.DynamoDB
}

func (p ringPlace) String() string { return p.at.String() }

// Get returns nil for an absent document.
func (p ringPlace) Get(ctx context.Context) ([]byte, error) {
	document, err := p.ringStore.Get(ctx)
	switch {
	case errors.Is(err, secret.ErrAbsent):
		return nil, nil
	case err != nil:
		return nil, keysError{fmt.Errorf("read the key ring in %s: %w", p.at, err)}
	}
	return document, nil
}

func (p ringPlace) Put(ctx context.Context, seen, document []byte) error {
	err := p.ringStore.Put(ctx, seen, document)
	switch {
	case errors.Is(err, secret.ErrChanged):
		return fmt.Errorf("%w: %w", keyring.ErrChanged, err)
	case err != nil:
		return keysError{fmt.Errorf("store the key ring in %s: %w", p.at, err)}
	}
	return nil
}

// PublicKeys returns those of the ring itself if it has no table.
func (p ringPlace) PublicKeys(ctx context.Context) ([]byte, error) {
	if p.public == nil {
		ring, _, err := keyring.Load(ctx, p)
		if errors.Is(err, keyring.ErrNoRing) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		return ring.PublicJWKS()
	}
	jwks, err := p.public.PublicKeys(ctx)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return nil, fmt.Errorf("read the public keys: %w", err)
	}
	return jwks, nil
}

func (p ringPlace) PutPublicKeys(ctx context.Context, jwks []byte) error {
	if p.public == nil {
		return nil
	}
	if err := p.public.PutPublicKeys(ctx, jwks); err != nil {
		return fmt.Errorf("publish the keys: %w", err)
	}
	return nil
}

// keysError is a failure of the key ring's store: the request was valid.
type keysError struct{ error }

// Unwrap lets errors.Is find both kinds.
func (e keysError) Unwrap() []error { return []error{e.error, auth.ErrUnavailable} }
