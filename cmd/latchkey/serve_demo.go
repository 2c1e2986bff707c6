package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/app"
	"latchkey/internal/auth"
)

// demoDefault gives --demo files of its own: its users must not get into a store of real ones.
func demoDefault(variable string) (value string, ok bool) {
	switch variable {
	case app.Prefix + "STORE":
		return "sqlite:latchkey-demo.db", true
	case app.Prefix + "KEYS":
		return "file:latchkey-demo-keys.json", true
	}
	return "", false
}

// demo adds the demo users that are missing, makes a new integration key, and prints lines to try.
func (c *cli) demo(cmd *cobra.Command, store admin.Store, hasher auth.Passwords, base string) error {
	if err := admin.AddDemo(cmd.Context(), store, hasher, time.Now()); err != nil {
		return err
	}
	key, err := admin.NewDemoKey(cmd.Context(), store, time.Now())
	if err != nil {
		return err
	}
	c.printDemo(base, key)
	return nil
}

// withLocalPasskeys lets the demo's pages at localhost use passkeys, which no browser binds to 127.0.0.1.
func withLocalPasskeys(config app.Config, addr net.Addr) app.Config {
	if isLoopback(addr) && config.PasskeyRP == "" {
		config.PasskeyRP, config.LocalOrigin = "localhost", local(addr)
	}
	return config
}

// warnOfDemo says that a store that is served holds demo users.
func warnOfDemo(ctx context.Context, store auth.Users, log *slog.Logger) error {
	found, err := admin.FindDemo(ctx, store)
	if err != nil {
		return err
	}
	for _, u := range found {
		log.Warn("a demo user, whose password everybody knows, can sign in here: delete them with 'latchkey users delete ID'", "user", u.ID)
	}
	return nil
}

func (c *cli) printDemo(base, key string) {
	fmt.Fprintf(c.out, `Demo users, all with the password '%[3]s':
  ada@example.com    signs in at /api/users/login
  grace@example.com  is an Organization Owner: signs in at both
  alan@example.com   has no qualifying role: refused at /users/login
  joan@example.com   is pending: refused at both

Try, in another terminal:
  curl -i %[1]s/api/users/login -H 'Content-Type: application/json' \
    -d '{"username": "ada@example.com", "password": "%[3]s"}'

  curl -i %[1]s/users/login -H 'Content-Type: application/json' \
    -d '{"email": "grace@example.com", "password": "%[3]s"}'

As an integration, with a key that is new at each start: a token for 90 days, and no refresh cookie.
  curl -i %[1]s/api/users/login -H 'Content-Type: application/json' -H 'Authorization: %[2]s' \
    -d '{"username": "ada@example.com", "password": "%[3]s"}'

`, base, key, admin.DemoPassword)
}
