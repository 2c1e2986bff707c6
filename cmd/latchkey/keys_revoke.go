package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

func keysRevokeCommand(c *cli) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "revoke KID", Short: "Take a key out of the ring at once, in an emergency", Args: exactly("KID"),
		Long: `Takes the key out of the ring in the file or secret named by --keys, at once: every token that it signed is refused,
and whoever holds one has to refresh or sign in again. In place of the current key the next one signs. Our own
functions see it within 10 minutes; gateways that keep the keys they fetched take the old tokens, and may refuse the
new ones, for up to two hours. The KID is one that 'latchkey keys list' shows; where it begins with a hyphen, put
-- before it. Asks for --yes.`,
		Example: "  latchkey keys revoke --yes NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				return usageError{errors.New("--yes is missing: every token that the key signed would be refused from now on")}
			}
			return c.changeKeys(cmd, auth.EventKeyRevoke, func(config app.Config, p ringPlace, change *auth.AuditRecord) (*keyring.Ring, error) {
				change.KeyID = args[0]
				return revokeKey(cmd, config, p, args[0])
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	addFlags(cmd, "ALGORITHM")
	return cmd
}

func revokeKey(cmd *cobra.Command, config app.Config, p ringPlace, keyID string) (*keyring.Ring, error) {
	return p.change(cmd.Context(), func(ring *keyring.Ring, _ []byte) (*keyring.Ring, error) {
		if ring == nil {
			return nil, noRing(config.Keys)
		}
		revoked, err := ring.Revoke(keyID, config.Algorithm, time.Now())
		if err != nil {
			return nil, told{err, auth.ErrNotFound}
		}
		return revoked, nil
	})
}
