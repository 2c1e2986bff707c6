package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/auth"
)

// DemoPassword is the password of every demo user. Everybody knows it.
const DemoPassword = "correct horse battery staple"

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

// IsDemo reports whether the id is that of a demo user, whose password everybody knows.
func IsDemo(userID string) bool {
	return slices.ContainsFunc(demoUsers(), func(u auth.User) bool { return u.ID == userID })
}

// FindDemo returns the demo users that the store has, found by their ids, so that an operator can be warned of them.
func FindDemo(ctx context.Context, store auth.Users) (found []auth.User, err error) {
	for _, demo := range demoUsers() {
		u, err := store.UserByID(ctx, demo.ID)
		switch {
		case err == nil:
			found = append(found, u)
		case !errors.Is(err, auth.ErrNotFound):
			return nil, fmt.Errorf("look for demo users: %w", err)
		}
	}
	return found, nil
}

// AddDemo adds the demo users that the store lacks. It refuses a store with other users: the demo's would go to production
// with them.
func AddDemo(ctx context.Context, store auth.Store, hasher auth.Passwords, now time.Time) error {
	for u, err := range store.AllUsers(ctx) {
		if err != nil {
			return fmt.Errorf("look for other users: %w", err)
		}
		if !slices.ContainsFunc(demoUsers(), func(d auth.User) bool { return d.ID == u.ID && d.Email == u.Email }) {
			return fmt.Errorf("--demo adds users whose password everybody knows, and this store has others (%s): "+
				"choose another file with --store sqlite:PATH", u.ID)
		}
	}
	for _, u := range demoUsers() {
		u.Identifier, _ = auth.ParseIdentifier(u.Email)
		hash, err := hasher.Hash(ctx, DemoPassword)
		if err != nil {
			return fmt.Errorf("hash the demo password: %w", err)
		}
		u.PasswordHash = hash
		if err := store.CreateUser(ctx, auth.NewUser(u, now)); err != nil && !errors.Is(err, auth.ErrConflict) {
			return fmt.Errorf("add the demo user %s: %w", u.Email, err)
		}
	}
	return nil
}

// demoClient is the name of the demo's API client.
const demoClient = "demo integration"

// NewDemoKey disables the demo clients of earlier runs, whose keys nobody can show again, and returns the key of a new one.
func NewDemoKey(ctx context.Context, clients auth.Clients, now time.Time) (string, error) {
	all, err := clients.AllClients(ctx)
	if err != nil {
		return "", fmt.Errorf("look for the demo client: %w", err)
	}
	for _, client := range all {
		if client.Name == demoClient && !client.Disabled {
			if err := clients.DisableClient(ctx, client.KeyHash); err != nil {
				return "", fmt.Errorf("disable the old demo client: %w", err)
			}
		}
	}
	key, _, err := CreateClient(ctx, clients, demoClient, auth.ClientIntegration, now)
	return key, err
}
