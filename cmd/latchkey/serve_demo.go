package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/console"
)

// demoDefault gives --demo files of its own: its users must not get into a store of real ones.
func demoDefault(variable string) (value string, ok bool) {
	switch variable {
	case app.Prefix + "STORE":
		return "sqlite:latchkey-demo.db", true
	case app.Prefix + "KEYS":
		return "file:latchkey-demo-keys.json", true
	case app.Prefix + "MAIL":
		return "file:latchkey-demo-mail", true
	case app.Prefix + "MAIL_FROM":
		return "latchkey@localhost", true
	case app.Prefix + "SERVICE_NAME":
		return "Latchkey demo", true
	}
	return "", false
}

// addDemo adds the demo if it is asked for, else returns nil and warns of one that the store has.
func (c *cli) addDemo(cmd *cobra.Command, o serveOptions, store admin.Store, hasher auth.Passwords, base string, log *slog.Logger) (*console.Demo, error) {
	if o.demo {
		return c.demo(cmd, store, hasher, base)
	}
	return nil, warnOfDemo(cmd.Context(), store, log)
}

// demo adds the demo users that are missing, makes a new integration key, and prints lines to try.
func (c *cli) demo(cmd *cobra.Command, store admin.Store, hasher auth.Passwords, base string) (*console.Demo, error) {
	if err := admin.AddDemo(cmd.Context(), store, hasher, time.Now()); err != nil {
		return nil, err
	}
	key, err := admin.NewDemoKey(cmd.Context(), store, time.Now())
	if err != nil {
		return nil, err
	}
	demo := &console.Demo{Password: admin.DemoPassword, Key: key, Users: demoUsers()}
	c.printDemo(base, demo)
	return demo, nil
}

// demoUsers says what each of the demo's users shows.
func demoUsers() []console.DemoUser {
	return []console.DemoUser{
		{Email: "ada@example.com", Shows: "signs in at /api/users/login"},
		{Email: "grace@example.com", Shows: "is an Organization Owner: signs in at both"},
		{Email: "alan@example.com", Shows: "has no qualifying role: refused at /users/login"},
		{Email: "joan@example.com", Shows: "is pending: refused at both"},
	}
}

// withLocalPasskeys lets the demo's pages at localhost use passkeys, which no browser binds to 127.0.0.1.
func withLocalPasskeys(config app.Config, addr net.Addr) app.Config {
	if isLoopback(addr) && config.PasskeyRP == "" {
		config.PasskeyRP, config.LocalOrigin = "localhost", local(addr)
	}
	return config
}

// withConsoleResets lets the links in the demo's mails open the console, which has the form that takes their token.
func withConsoleResets(config app.Config, addr net.Addr) app.Config {
	if config.ResetURL == nil {
		config.ResetURL = config.Issuer.JoinPath("/")
		if hasConsole(config, addr) {
			config.ResetURL, _ = url.Parse(local(addr) + "/") // made of a port and constants
		}
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

func (c *cli) printDemo(base string, demo *console.Demo) {
	fmt.Fprintf(c.out, "Demo users, all with the password '%s':\n", demo.Password)
	for _, u := range demo.Users {
		fmt.Fprintf(c.out, "  %-17s  %s\n", u.Email, u.Shows)
	}
	fmt.Fprintf(c.out, `
Try, in another terminal:
  curl -i %[1]s/api/users/login -H 'Content-Type: application/json' \
    -d '{"username": "ada@example.com", "password": "%[3]s"}'

  curl -i %[1]s/users/login -H 'Content-Type: application/json' \
    -d '{"email": "grace@example.com", "password": "%[3]s"}'

As an integration, with a key that is new at each start: a token for 90 days, and no refresh cookie.
  curl -i %[1]s/api/users/login -H 'Content-Type: application/json' -H 'Authorization: %[2]s' \
    -d '{"username": "ada@example.com", "password": "%[3]s"}'

`, base, demo.Key, demo.Password)
}
