package main

import (
	"fmt"

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
			return c.audited(cmd, auth.EventUserUnlock, func(change *auth.AuditRecord) error {
				return c.unlock(cmd, args[0], change)
			})
		},
	}
}

func (c *cli) unlock(cmd *cobra.Command, name string, change *auth.AuditRecord) error {
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
