package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
)

func usersUnlockCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "unlock EMAIL|ID", Short: "Forget a user's failed sign-ins, so that they need not wait", Args: exactly("EMAIL|ID"),
		Long: `Forgets the failed sign-ins of one user from everywhere, so that nobody has to wait for them; the sources that the user
is known at stay known. 'users show' tells who waits. A source that failed for too many users stays refused until its
time is over.

` + emailOrID,
		Example: "  latchkey users unlock ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.audited(cmd, auth.EventUserUnlock, func(change *auth.Change) error {
				return c.unlock(cmd, args[0], change)
			})
		},
	}
}

func (c *cli) unlock(cmd *cobra.Command, name string, change *auth.Change) error {
	store, err := c.openStore(cmd)
	if err != nil {
		return err
	}
	defer store.Close()
	id, bad := auth.ParseIdentifier(name)
	if bad != nil {
		u, err := c.findUser(cmd, store, name)
		if err != nil {
			return err
		}
		id, change.UserID = u.Identifier, u.ID
	}
	hashes, err := c.identifierHashes(cmd, id)
	if err != nil {
		return err
	}
	change.IdentifierHash = hashes.audited
	if err := store.ForgetAttempts(cmd.Context(), hashes.counted); err != nil {
		return fmt.Errorf("forget the failed sign-ins of %s: %w", name, err)
	}
	fmt.Fprintf(c.err, "forgot the failed sign-ins of %s\n", name)
	return nil
}

// identifierHashes are what stands for an identifier in the names of counters and in audit records.
type identifierHashes struct{ counted, audited string }

func (c *cli) identifierHashes(cmd *cobra.Command, id auth.Identifier) (identifierHashes, error) {
	config, err := c.config(cmd)
	if err != nil {
		return identifierHashes{}, usageError{err}
	}
	keys, err := c.openKeys(cmd.Context(), config.Keys)
	if err != nil {
		return identifierHashes{}, err
	}
	ring := app.NewKeyring(config, app.CachedKeys(config.Keys, keys))
	names, err := auth.NewAttemptKeys(cmd.Context(), ring, id, auth.Source{})
	if err != nil {
		return identifierHashes{}, fmt.Errorf("the counters are named with the key ring in %s, which cannot be read: %w", config.Keys, err)
	}
	audited, err := auth.IdentifierHash(cmd.Context(), ring, id)
	return identifierHashes{names.User, audited}, err
}

// throttleFacts is what show says of a user's failed sign-ins.
type throttleFacts struct {
	Failures       int64      `json:"failures"`                // over all sources, in the present window
	StrangersWait  *time.Time `json:"strangersWait,omitempty"` // until when sources that are not known are refused
	WaitingSources int        `json:"waitingSources"`          // that are in a back-off of their own
	KnownSources   int        `json:"knownSources"`            // from which the user signed in lately
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
