package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/keyring"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

// administer makes changes that leave audit records. Where no record can be left, nothing is done.
func (c *cli) administer(cmd *cobra.Command, act func(*admin.Admin) error) error {
	signal.Ignore(syscall.SIGPIPE) // a closed pipe must not end the command before its record: writing fails instead
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	out, err := c.openAudit(cmd)
	if err != nil {
		return err
	}
	defer out.Close()
	return act(c.newAdmin(config, out.lines()))
}

// inspect reads without changing anything: no audit record is left.
func (c *cli) inspect(cmd *cobra.Command, act func(*admin.Admin) error) error {
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	return act(c.newAdmin(config, nil))
}

func (c *cli) newAdmin(config app.Config, sink auth.AuditSink) *admin.Admin {
	return admin.New(admin.Config{
		OpenStore: func(ctx context.Context, create bool) (admin.Store, error) {
			return c.openStore(ctx, config.Store, create)
		},
		StoreName: config.Store.String(),
		OpenRing: func(ctx context.Context) (keyring.Changer, io.Closer, error) {
			place, err := c.openRing(ctx, config)
			return keyring.Changer{Place: place, Algorithm: config.Algorithm, Now: time.Now}, place, err
		},
		RingName: config.Keys.String(),
		Keys:     c.unopenedRing(config),
		Notify:   c.notices(config),
		Warn:     func(err error) { c.tell("latchkey: %v\n", err) },
		Throttle: config.Throttle, Audit: sink, Operator: operator(), Now: time.Now,
	})
}

// unopenedRing is the key ring, which is opened when it is used.
func (c *cli) unopenedRing(config app.Config) *token.Keyring {
	return app.NewKeyring(config, app.CachedKeys(config.Keys, unopenedKeys{c, config.Keys}))
}

// unopenedKeys opens the keys when they are read: many commands never do.
type unopenedKeys struct {
	*cli
	at app.Location
}

func (k unopenedKeys) Get(ctx context.Context) ([]byte, error) {
	keys, err := k.openKeys(ctx, k.at)
	if err != nil {
		return nil, err
	}
	document, err := keys.Get(ctx)
	if errors.Is(err, secret.ErrAbsent) {
		return nil, fmt.Errorf("%w: %w", keyring.ErrNoRing, err)
	}
	return document, err
}
