package main

import (
	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/keyring"
)

func keysInitCommand(c *cli) *cobra.Command {
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "init", Short: "Make the first key ring", Args: noArguments,
		Long: `Makes the first key ring in the file or secret named by --keys, and prints its public facts. An existing
ring is left alone, and the exit code is then 1: its keys have signed tokens that are in use. A deployed
stack makes its own; by hand, --store names the table where its functions find the public keys.`,
		Example: `  latchkey keys init
  latchkey keys init --algorithm RS256 --keys secretsmanager:ARN --store dynamodb:TABLE   # the stack's outputs`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			return c.administer(cmd, func(a *admin.Admin) error {
				ring, outcome, err := a.InitKeys(cmd.Context())
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
	addFlags(cmd, "ALGORITHM")
	return cmd
}
