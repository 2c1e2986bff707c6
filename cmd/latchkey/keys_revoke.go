package main

import (
	"errors"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/keyring"
)

func keysRevokeCommand(c *cli) *cobra.Command {
	var yes bool
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "revoke KID", Short: "Take a key out of the ring at once, in an emergency", Args: exactArgs("KID"),
		Long: `Removes the key from the ring in the file or secret named by --keys, at once: every token that it signed is refused,
and their clients must refresh or sign in again. If it is the current key, the next one signs. Functions notice within
10 minutes; gateways with cached keys accept the old tokens, and may refuse the new ones, for up to two hours.
'latchkey keys list' shows the KIDs; write -- before one that begins with a hyphen. Asks for --yes.`,
		Example: "  latchkey keys revoke --yes NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				return usageError{errors.New("--yes is missing: every token that the key signed would be refused from now on")}
			}
			return c.changeKeys(cmd, *asJSON, func(a *admin.Admin) (*keyring.Ring, keyring.Outcome, error) {
				return a.RevokeKey(cmd.Context(), args[0])
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	asJSON = jsonFlag(cmd)
	addFlags(cmd, "ALGORITHM")
	return cmd
}
