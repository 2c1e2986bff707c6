package main

import (
	"errors"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/keyring"
)

func keysCommand(c *cli) *cobra.Command {
	return group("keys", "Make, list and change signing keys",
		keysInitCommand(c), keysListCommand(c), keysRotateCommand(c), keysRevokeCommand(c))
}

// changeKeys changes keys that are in use and prints the ring, also if it was changed and its public keys were not all
// published: then the error says what to do.
func (c *cli) changeKeys(cmd *cobra.Command, asJSON bool, act func(*admin.Admin) (*keyring.Ring, keyring.Outcome, error)) error {
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	if unpublished(config) {
		return usageError{errors.New("--keys is a secret: --store dynamodb:TABLE has to say where functions find its public keys")}
	}
	return c.administer(cmd, func(a *admin.Admin) error {
		ring, outcome, err := act(a)
		if ring == nil {
			return err
		}
		if outcome == keyring.Finished && err == nil {
			c.tell("The ring was changed before, and its public keys were not all published; they are now. Nothing else was changed.\n")
		}
		return errors.Join(c.printRing(ring, asJSON), err)
	})
}
