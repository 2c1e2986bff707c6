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
		Long: `Forgets the failed sign-ins of one user from everywhere. What it takes to wait, 'users show' says. A source that
failed for too many users stays refused until its time is over.`,
		Example: "  latchkey users unlock ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := c.openStore(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			id, bad := auth.ParseIdentifier(args[0])
			if bad != nil {
				u, err := c.findUser(cmd, store, args[0])
				if err != nil {
					return err
				}
				id = u.Identifier
			}
			user, err := c.triesName(cmd, id)
			if err != nil {
				return err
			}
			if err := store.ForgetTries(cmd.Context(), user); err != nil {
				return fmt.Errorf("forget the failed sign-ins of %s: %w", args[0], err)
			}
			fmt.Fprintf(c.err, "forgot the failed sign-ins of %s\n", args[0])
			return nil
		},
	}
}

// triesName is the keyed hash under which the identifier's tries are counted.
func (c *cli) triesName(cmd *cobra.Command, id auth.Identifier) (string, error) {
	config, err := c.config(cmd)
	if err != nil {
		return "", usageError{err}
	}
	keys, err := c.openKeys(cmd.Context(), config.Keys)
	if err != nil {
		return "", err
	}
	names, err := auth.NewTryKeys(cmd.Context(), app.NewKeyring(config, app.CachedKeys(keys)), id, auth.Source{})
	if err != nil {
		return "", fmt.Errorf("the counters are named with the key ring in %s, which cannot be read: %w", config.Keys, err)
	}
	return names.User, nil
}

// throttleFacts is what show says of a user's failed sign-ins.
type throttleFacts struct {
	Failures       int64      `json:"failures"`                // over all sources, in the present window
	StrangersWait  *time.Time `json:"strangersWait,omitempty"` // until when sources that are not known are refused
	WaitingSources int        `json:"waitingSources"`          // that are in a back-off of their own
	KnownSources   int        `json:"knownSources"`            // from which the user signed in lately
}

func (c *cli) throttleFacts(cmd *cobra.Command, store store, id auth.Identifier) (*throttleFacts, error) {
	config, err := c.config(cmd)
	if err != nil {
		return nil, usageError{err}
	}
	user, err := c.triesName(cmd, id)
	if err != nil {
		return nil, err
	}
	window, pairs, err := store.UserTries(cmd.Context(), user)
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
