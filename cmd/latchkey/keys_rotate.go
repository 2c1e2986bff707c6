package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/keyring"
)

func keysRotateCommand(c *cli) *cobra.Command {
	var now bool
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Let the next key sign, and announce another", Args: noArguments,
		Long: fmt.Sprintf(`Rotates the ring in the file or secret named by --keys: the next key signs, the current one only verifies what it
signed, and a new key of --algorithm is announced. Nobody is signed out.

A key must be public for %s before it signs, because verifiers cache keys for hours. If it has not been, the ring
is left alone and the exit code is 1. --now rotates anyway: verifiers with cached keys then refuse new tokens until
they fetch the keys again. On a laptop there are none.`, hours(keyring.Lead)),
		Example: `  latchkey keys rotate
  latchkey keys rotate --keys secretsmanager:ARN --store dynamodb:TABLE   # which a deployment does by itself`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.changeKeys(cmd, *asJSON, func(a *admin.Admin) (*keyring.Ring, keyring.Outcome, error) {
				return a.RotateKeys(cmd.Context(), now)
			})
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "do not wait until others had time to learn the next key")
	asJSON = jsonFlag(cmd)
	addFlags(cmd, "ALGORITHM")
	return cmd
}

func hours(d time.Duration) string { return fmt.Sprintf("%.0f hours", d.Hours()) }
