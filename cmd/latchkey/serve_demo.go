package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

const demoPassword = "correct horse battery staple"

// demoUsers are one for each way a sign-in can go.
func demoUsers() []auth.User {
	owner := auth.Account{
		ID: "acc-grace-1", OrganizationID: "org-cobol", OrganizationName: "COBOL Works",
		UserType: "Organization Owner", IsSelected: true,
	}
	member := auth.Account{
		ID: "acc-alan-1", OrganizationID: "org-cobol", OrganizationName: "COBOL Works", UserType: "Organization Member",
	}
	return []auth.User{
		{ID: "64b000000000000000000001", Email: "ada@example.com", Role: "editor", Status: auth.StatusReady,
			Profile: auth.Profile{Name: "Ada", LastName: "Lovelace", FullName: "Ada Lovelace", CompanyName: "Analytical Engines"}},
		{ID: "64b000000000000000000002", Email: "grace@example.com", Role: "editor", Status: auth.StatusReady,
			Profile: auth.Profile{Name: "Grace", LastName: "Hopper"}, Accounts: []auth.Account{owner}},
		{ID: "64b000000000000000000003", Email: "alan@example.com", Status: auth.StatusReady,
			Profile: auth.Profile{Name: "Alan", LastName: "Turing"}, Accounts: []auth.Account{member}},
		{ID: "64b000000000000000000004", Email: "joan@example.com", Status: auth.StatusPending,
			Profile: auth.Profile{Name: "Joan", LastName: "Clarke"}},
	}
}

// demo adds the demo users where they are not, makes a fresh integration key, and prints lines to try.
func (c *cli) demo(cmd *cobra.Command, store admin.Store, hasher auth.Passwords, base string) error {
	ctx := cmd.Context()
	for u, err := range store.AllUsers(ctx) {
		if err != nil {
			return fmt.Errorf("look for other users: %w", err)
		}
		if !isDemo(u) {
			return fmt.Errorf("--demo adds users whose password everybody knows, and this store has others (%s): "+
				"choose another file with --store sqlite:PATH", u.ID)
		}
	}
	for _, u := range demoUsers() {
		u.Identifier, _ = auth.ParseIdentifier(u.Email)
		hash, err := hasher.Hash(ctx, demoPassword)
		if err != nil {
			return fmt.Errorf("hash the demo password: %w", err)
		}
		u.PasswordHash = hash
		if err := store.CreateUser(ctx, auth.NewUser(u, time.Now())); err != nil && !errors.Is(err, auth.ErrConflict) {
			return fmt.Errorf("add the demo user %s: %w", u.Email, err)
		}
	}
	key, err := c.demoKey(cmd, store)
	if err != nil {
		return err
	}
	c.printDemo(base, key)
	return nil
}

func isDemo(u auth.User) bool {
	for _, d := range demoUsers() {
		if d.ID == u.ID && d.Email == u.Email {
			return true
		}
	}
	return false
}

// demoKey disables the keys of earlier runs, which nobody can show again, and makes a new one.
func (c *cli) demoKey(cmd *cobra.Command, clients auth.Clients) (string, error) {
	const name = "demo integration"
	all, err := clients.AllClients(cmd.Context())
	if err != nil {
		return "", fmt.Errorf("look for the demo client: %w", err)
	}
	for _, client := range all {
		if client.Name == name && !client.Disabled {
			if err := clients.DisableClient(cmd.Context(), client.KeyHash); err != nil {
				return "", fmt.Errorf("disable the old demo client: %w", err)
			}
		}
	}
	key, _, err := admin.CreateClient(cmd.Context(), clients, name, auth.ClientIntegration, time.Now())
	return key, err
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

`, base, key, demoPassword)
}
