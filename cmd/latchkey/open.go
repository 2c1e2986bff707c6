package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/app"
	"latchkey/internal/app/profile"
	"latchkey/internal/auth"
	"latchkey/internal/dynamo"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/passkey"
	"latchkey/internal/sqlite"
)

// remote is a store that has nothing to close.
type remote struct{ *dynamo.Store }

func (remote) Close() error { return nil }

// openStore opens the store at the location. An absent SQLite file is created if create is set, else it is refused: a
// mistyped name would look like an empty store.
func (c *cli) openStore(ctx context.Context, at app.Location, create bool) (admin.Store, error) {
	return app.Open(ctx, at, map[string]app.Opener[admin.Store]{
		app.SQLite: func(ctx context.Context, path string) (admin.Store, error) {
			if !create && absent(at) {
				return nil, cliError{fmt.Errorf("there is no file %s; --store names another", path), auth.ErrNotFound}
			}
			return sqlite.Open(ctx, path)
		},
		app.DynamoDB: func(ctx context.Context, table string) (admin.Store, error) {
			aws, err := c.loadAWS(ctx)
			if err != nil {
				return nil, err
			}
			return remote{dynamo.New(aws, table)}, nil
		},
	})
}

// absent reports whether the location is a file that does not exist.
func absent(at app.Location) bool {
	if !at.IsLocal() {
		return false
	}
	_, err := os.Stat(at.Name)
	return errors.Is(err, fs.ErrNotExist)
}

// loadAWS returns the configuration of AWS, with which slow calls say what they wait for.
func (c *cli) loadAWS(ctx context.Context) (profile.Config, error) {
	return profile.Load(ctx, func(what string) { c.tell("latchkey: still waiting for %s; Ctrl-C ends the command\n", what) })
}

// ports opens store and keys for the handlers. A missing key file is created; a missing secret is not, because the
// functions that share it may be reading it.
func (c *cli) ports(cmd *cobra.Command, config app.Config, log *slog.Logger, sink auth.AuditSink) (app.Ports, admin.Store, error) {
	store, err := c.openStore(cmd.Context(), config.Store, true)
	if err != nil {
		return app.Ports{}, nil, err
	}
	keys, err := c.ring(cmd.Context(), config, store, log, sink)
	if err != nil {
		store.Close()
		return app.Ports{}, nil, err
	}
	listed, err := config.ListedPasswords()
	if err != nil {
		store.Close()
		return app.Ports{}, nil, err
	}
	ring := app.NewKeyring(config, app.CachedKeys(config.Keys, keys))
	return app.Ports{
		Listed: listed, Passkeys: passkey.New(),
		Store: store, Passwords: config.NewHasher(), Keys: ring, Tokens: ring, Audit: sink, Log: log,
		PublicKeys: app.CachedPublicKeys(app.RingPublicKeys(keys)), Serial: config.Store.IsLocal(),
		Metrics: app.NewMetrics(config, ring, c.err),
	}, store, nil
}

// ring opens the keys of a server. A key file without a ring gets a first one, unless a lost ring sealed second factors.
func (c *cli) ring(ctx context.Context, config app.Config, store admin.Store, log *slog.Logger, sink auth.AuditSink) (ringStore, error) {
	place, err := c.openRing(ctx, app.Config{Keys: config.Keys})
	if err != nil {
		return nil, err
	}
	var ring *keyring.Ring
	made := keyring.Left
	if err := refuseLostRing(ctx, config, place, store); err != nil {
		return nil, err
	}
	if config.Keys.IsLocal() {
		ring, made, err = keyring.Changer{Place: place, Algorithm: config.Algorithm, Now: time.Now}.Init(ctx)
	} else {
		ring, _, err = keyring.Load(ctx, place)
	}
	switch {
	case errors.Is(err, keyring.ErrNoRing):
		return nil, fmt.Errorf("%s holds no key ring yet; 'latchkey keys init --keys %s' makes one", config.Keys, config.Keys)
	case err != nil:
		return nil, err
	case made == keyring.Changed:
		log.Info("there was no key ring: made one", "keys", config.Keys.String())
		made := auth.AuditRecord{Event: auth.EventKeyInit, KeyID: currentKey(ring).ID, Operator: operator()}
		if err := auth.RecordChange(ctx, sink, made, nil); err != nil {
			return nil, err
		}
	}
	warnOfAlgorithm(ring, config.Algorithm, log)
	return place.ringStore, nil
}

// refuseLostRing returns an error where a new ring would break the second factors of users.
func refuseLostRing(ctx context.Context, config app.Config, place keyring.Document, store admin.Store) error {
	if _, _, err := keyring.Load(ctx, place); !config.Keys.IsLocal() || !errors.Is(err, keyring.ErrNoRing) {
		return nil
	}
	users, err := admin.CountFactors(ctx, store)
	if err != nil || users == 0 {
		return err
	}
	return fmt.Errorf("%s holds no key ring. %s'latchkey keys init --keys %[1]s --store %s' makes a new one", config.Keys, lostRing(users), config.Store)
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
