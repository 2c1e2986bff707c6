package admin

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

// UserFacts are what may be shown of a user: everything but the password hash, of which only the scheme is named.
type UserFacts struct {
	ID           string         `json:"id"`
	Email        string         `json:"email"`
	Identifier   string         `json:"identifier"`
	Status       auth.Status    `json:"status"`
	Activate     bool           `json:"activate,omitzero"`
	Locale       string         `json:"locale,omitempty"`
	Role         string         `json:"role,omitempty"`
	PasswordHash string         `json:"passwordHash"`
	Profile      auth.Profile   `json:"profile"`
	Accounts     []auth.Account `json:"accounts,omitempty"`
	CreatedAt    time.Time      `json:"createdAt"`
	UpdatedAt    time.Time      `json:"updatedAt"`

	IdentifierHash string         `json:"identifierHash,omitempty"` // as in audit records
	Throttle       *ThrottleFacts `json:"throttle,omitempty"`
}

// ShowUser returns the facts about a user. Those that take the key ring are left out without one, and Warn is told.
func (a *Admin) ShowUser(ctx context.Context, name string) (facts UserFacts, err error) {
	err = a.WithStore(ctx, func(store Store) error {
		u, err := a.findUser(ctx, store, name)
		if err != nil {
			return err
		}
		facts = newUserFacts(u)
		hashes, err := a.hashIdentifier(ctx, u.Identifier)
		if err == nil {
			facts.IdentifierHash = hashes.audited
			facts.Throttle, err = a.throttleFacts(ctx, store, hashes.counted)
		}
		if err != nil {
			a.Warn(fmt.Errorf("without the failed sign-ins: %w", err))
		}
		return nil
	})
	return facts, err
}

func newUserFacts(u auth.User) UserFacts {
	return UserFacts{
		ID: u.ID, Email: u.Email, Identifier: u.Identifier.String(), Status: u.Status,
		Activate: u.Activate, Locale: u.Locale, Role: u.Role,
		PasswordHash: scheme(u.PasswordHash), Profile: u.Profile, Accounts: u.Accounts,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

func scheme(hash string) string {
	if hash == "" {
		return "none"
	}
	return password.Scheme(hash)
}

// ClientFacts are what may be shown of an API client. State is active, disabled or expired; ExpiresAt says when an active one ends.
type ClientFacts struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Kind      auth.ClientKind `json:"kind"`
	State     string          `json:"state"`
	CreatedAt time.Time       `json:"createdAt"`
	ExpiresAt time.Time       `json:"expiresAt,omitzero"`
}

// NewClientFacts returns the facts about each of the clients, in their order, as they are at the time.
func NewClientFacts(clients []auth.Client, now time.Time) []ClientFacts {
	facts := []ClientFacts{}
	for _, client := range clients {
		state := "active"
		switch {
		case client.Disabled:
			state = "disabled"
		case !client.Works(now):
			state = "expired"
		}
		fact := ClientFacts{ID: client.ID(), Name: client.Name, Kind: client.Kind, State: state, CreatedAt: client.CreatedAt.UTC()}
		if !client.ExpiresAt.IsZero() {
			fact.ExpiresAt = client.ExpiresAt.UTC()
		}
		facts = append(facts, fact)
	}
	return facts
}
