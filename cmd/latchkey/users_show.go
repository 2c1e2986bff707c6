package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

func usersShowCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "show EMAIL|ID", Short: "Show one user, without the password hash", Args: exactly("EMAIL|ID"),
		Long: `Prints one user as JSON. Of the password hash it shows the scheme alone. What it says of failed sign-ins, and the hash
that stands for the address in audit records, take --keys.

` + emailOrID,
		Example: "  latchkey users show ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			store, u, err := c.openUser(cmd, args[0])
			if err != nil {
				return err
			}
			defer store.Close()
			facts := newUserFacts(u)
			if err := c.addHashed(cmd, store, u.Identifier, &facts); err != nil {
				fmt.Fprintf(c.err, "without the failed sign-ins: %v\n", err)
			}
			encoder := json.NewEncoder(c.out)
			encoder.SetIndent("", "  ")
			encoder.SetEscapeHTML(false)
			return encoder.Encode(facts)
		},
	}
}

// userFacts is what show prints: all but the hash, of which the scheme's name is enough.
type userFacts struct {
	ID           string         `json:"id"`
	Email        string         `json:"email"`
	Identifier   string         `json:"identifier"`
	Status       auth.Status    `json:"status"`
	Role         string         `json:"role,omitempty"`
	PasswordHash string         `json:"passwordHash"`
	Profile      auth.Profile   `json:"profile"`
	Accounts     []auth.Account `json:"accounts,omitempty"`
	CreatedAt    time.Time      `json:"createdAt"`
	UpdatedAt    time.Time      `json:"updatedAt"`

	IdentifierHash string         `json:"identifierHash,omitempty"` // as in audit records
	Throttle       *throttleFacts `json:"throttle,omitempty"`
}

func newUserFacts(u auth.User) userFacts {
	return userFacts{
		ID: u.ID, Email: u.Email, Identifier: u.Identifier.String(), Status: u.Status, Role: u.Role,
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

// throttleFacts is what show says of a user's failed sign-ins.
type throttleFacts struct {
	Failures       int64      `json:"failures"`                // over all sources, in the present window
	StrangersWait  *time.Time `json:"strangersWait,omitempty"` // until when sources that are not known are refused
	WaitingSources int        `json:"waitingSources"`          // that are in a back-off of their own
	KnownSources   int        `json:"knownSources"`            // from which the user signed in lately
}

func (c *cli) throttleFacts(cmd *cobra.Command, store store, user string) (*throttleFacts, error) {
	config, err := c.config(cmd)
	if err != nil {
		return nil, usageError{err}
	}
	window, pairs, err := store.UserAttempts(cmd.Context(), user)
	if err != nil {
		return nil, fmt.Errorf("read the failed sign-ins: %w", err)
	}
	now := time.Now()
	var facts throttleFacts
	if now.Before(window.ExpiresAt) {
		facts.Failures = window.Failures
	}
	if config.Throttle.Throttled(auth.Counters{User: window}, now) > 0 {
		facts.StrangersWait = &window.ExpiresAt
	}
	for _, pair := range pairs {
		if config.Throttle.Throttled(auth.Counters{Pair: pair}, now) > 0 {
			facts.WaitingSources++
		}
		if now.Before(pair.KnownUntil) {
			facts.KnownSources++
		}
	}
	return &facts, nil
}

// addHashed adds what is kept under hashes of the address.
func (c *cli) addHashed(cmd *cobra.Command, store store, id auth.Identifier, facts *userFacts) error {
	hashes, err := c.identifierHashes(cmd, id)
	if err != nil {
		return err
	}
	facts.IdentifierHash = hashes.audited
	facts.Throttle, err = c.throttleFacts(cmd, store, hashes.counted)
	return err
}
