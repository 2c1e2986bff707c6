package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/keyring"
)

func keysInitCommand(c *cli) *cobra.Command {
	var yes bool
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "init", Short: "Make the first key ring", Args: noArguments,
		Long: `Makes the first key ring in the file or secret named by --keys, and prints its public facts. An existing
ring is left alone, and the exit code is then 1: its keys have signed tokens that are in use. A deployed
stack makes its own; by hand, --store names the table where its functions find the public keys.

If users in the store have second factors, a ring was lost, and a new one cannot check their codes: it asks first, or needs
--yes. Look for a backup of the old ring before.`,
		Example: `  latchkey keys init
  latchkey keys init --algorithm RS256 --keys secretsmanager:ARN --store dynamodb:TABLE   # the stack's outputs`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			return c.administer(cmd, func(a *admin.Admin) error {
				ring, outcome, err := a.InitKeys(cmd.Context(), func(users int) error { return c.confirmNewRing(cmd, users, yes) })
				if err != nil {
					return err
				}
				if outcome == keyring.Finished {
					c.tell("%s held a key ring already; it was left alone, and its public keys are published now\n", config.Keys)
				}
				if unpublished(config) {
					c.tell("The public keys are not in any table: the functions find them after the next rotation, or give --store dynamodb:TABLE.\n")
				}
				return c.printRing(ring, *asJSON)
			})
		},
	}
	asJSON = jsonFlag(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask although users have second factors")
	addFlags(cmd, "ALGORITHM")
	return cmd
}

// lostRing says what a new ring breaks.
func lostRing(users int) string {
	return fmt.Sprintf("Users with second factors: %d. Their apps are sealed under the MAC key of the ring that is gone. With a new one their "+
		"codes cannot be checked, and their sign-ins fail until 'latchkey users factors EMAIL --reset' of each; recovery codes, remembered "+
		"devices and sessions end, and failed attempts are forgotten. A backup of the old ring avoids all of it: see docs/restore.md.\n", users)
}

func (c *cli) confirmNewRing(cmd *cobra.Command, users int, yes bool) error {
	c.tell("%s", lostRing(users))
	switch {
	case yes, c.dialog().CanAsk() && c.dialog().Confirm(cmd.Context(), "Make a new ring? Type 'new': ", "new"):
		return nil
	case c.dialog().CanAsk():
		return errors.New("no key ring was made")
	}
	return usageError{errors.New("--yes is missing: no key ring was made")}
}
