package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/app/profile"
	"latchkey/internal/auth"
	"latchkey/internal/dynamo"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/password"
	"latchkey/internal/secret"
	"latchkey/internal/sqlite"
)

// store is either of the two.
type store interface {
	auth.Store
	io.Closer
}

// remote is a store that has nothing to close.
type remote struct{ *dynamo.Store }

func (remote) Close() error { return nil }

// openStore opens what --store names; a SQLite file is made where there is none.
func (c *cli) openStore(cmd *cobra.Command) (store, error) {
	config, err := c.config(cmd)
	if err != nil {
		return nil, usageError{err}
	}
	if config.Store.Kind == "sqlite" {
		return sqlite.Open(cmd.Context(), config.Store.Name)
	}
	aws, err := profile.Load(cmd.Context())
	if err != nil {
		return nil, err
	}
	return remote{dynamo.New(aws, config.Store.Name)}, nil
}

// place is where a key ring is kept: read, and written by keys init.
type place interface {
	Get(ctx context.Context) ([]byte, error)
	// Put writes value where the place still holds what was seen, else secret.ErrChanged.
	Put(ctx context.Context, seen, value []byte) error
}

func (c *cli) openKeys(ctx context.Context, at app.Location) (place, error) {
	if at.Kind == "file" {
		return secret.File(at.Name), nil
	}
	aws, err := profile.Load(ctx)
	if err != nil {
		return nil, err
	}
	return app.SecretKeys(aws, at.Name), nil
}

// hasher makes hashes as the settings say.
func (c *cli) hasher(cmd *cobra.Command) (*password.Hasher, error) {
	config, err := c.config(cmd)
	if err != nil {
		return nil, usageError{err}
	}
	return config.NewHasher(), nil
}

// ports opens store and keys for the handlers. A key file is made where there is none; a secret is not, because
// the functions that share it may be reading it.
func (c *cli) ports(cmd *cobra.Command, config app.Config, log *slog.Logger, sink auth.AuditSink) (app.Ports, store, error) {
	store, err := c.openStore(cmd)
	if err != nil {
		return app.Ports{}, nil, err
	}
	keys, err := c.ring(cmd.Context(), config, log, sink)
	if err != nil {
		store.Close()
		return app.Ports{}, nil, err
	}
	ring := app.NewKeyring(config, app.CachedKeys(config.Keys, keys))
	return app.Ports{
		Store: store, Passwords: config.NewHasher(), Keys: ring, Tokens: ring, Audit: sink, Log: log,
		PublicKeys: app.CachedPublicKeys(app.RingPublicKeys(keys)), Serial: config.Store.Kind == "sqlite",
		Metrics: app.NewMetrics(config, ring, c.err),
	}, store, nil
}

func (c *cli) ring(ctx context.Context, config app.Config, log *slog.Logger, sink auth.AuditSink) (place, error) {
	keys, err := c.openKeys(ctx, config.Keys)
	if err != nil {
		return nil, err
	}
	ring, seen, err := readRing(ctx, keys)
	if errors.Is(err, keyring.ErrNoRing) && config.Keys.Kind == "file" {
		log.Info("no key ring yet: making one", "keys", config.Keys.String())
		if ring, err = makeRing(ctx, keys, seen, config.Algorithm); err == nil {
			made := auth.AuditRecord{Event: auth.EventKeyInit, KeyID: currentKey(ring).ID, Operator: operator()}
			err = auth.RecordChange(ctx, sink, made, nil)
		}
	}
	if errors.Is(err, secret.ErrChanged) { // somebody else makes one too: theirs is the ring
		if theirs, _, none := readRing(ctx, keys); none == nil {
			ring, err = theirs, nil
		}
	}
	if errors.Is(err, keyring.ErrNoRing) {
		return nil, fmt.Errorf("%s holds no key ring yet; 'latchkey keys init --keys %s' makes one", config.Keys, config.Keys)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key ring in %s: %w", config.Keys, err)
	}
	warnOfAlgorithm(ring, config.Algorithm, log)
	return keys, nil
}

func warnOfAlgorithm(ring *keyring.Ring, set jwk.Algorithm, log *slog.Logger) {
	name, _, _ := strings.Cut(string(set), ":") // tokens do not say how long a key is
	if current := string(currentKey(ring).Algorithm()); current != name {
		log.Warn("ALGORITHM is for new keys, and the current key has another", "algorithm", name, "current", current)
	}
}

func currentKey(ring *keyring.Ring) jwk.Key {
	key, _ := ring.Current()
	return key
}

// readRing returns the ring and its document, and keyring.ErrNoRing where the place is absent as well.
func readRing(ctx context.Context, keys place) (*keyring.Ring, []byte, error) {
	document, err := keys.Get(ctx)
	if err != nil && !errors.Is(err, secret.ErrAbsent) {
		return nil, nil, err
	}
	ring, err := keyring.Parse(document)
	if err != nil && !errors.Is(err, keyring.ErrNoRing) {
		err = fmt.Errorf("%w; restore it from a backup, and only where there is none empty it and run 'latchkey keys init': "+
			"every session ends then", err)
	}
	return ring, document, err
}

// makeRing stores a first ring, or returns secret.ErrChanged where somebody else stored something meanwhile.
func makeRing(ctx context.Context, keys place, seen []byte, algorithm jwk.Algorithm) (*keyring.Ring, error) {
	ring, err := keyring.New(algorithm, time.Now())
	if err != nil {
		return nil, fmt.Errorf("make a key ring: %w", err)
	}
	document, err := ring.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode the key ring: %w", err)
	}
	if err := keys.Put(ctx, seen, document); err != nil {
		return nil, fmt.Errorf("store the key ring: %w", err)
	}
	return ring, nil
}
