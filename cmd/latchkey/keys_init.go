package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

func keysInitCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "init", Short: "Make the first key ring where there is none", Args: noArguments,
		Long: `Makes the first key ring in the file or secret named by --keys, and prints its public facts. A ring that is
there already is left alone, and the exit code is then 1: its keys have signed tokens that are in use. A deployed
stack makes its own; by hand, --store names the table where its functions find the public keys.`,
		Example: `  latchkey keys init
  latchkey keys init --algorithm RS256 --keys secretsmanager:ARN --store dynamodb:TABLE   # the stack's outputs`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			var ring *keyring.Ring
			err = c.audited(cmd, auth.EventKeyInit, func(change *auth.AuditRecord) error {
				if ring, err = c.initKeys(cmd, config); err == nil {
					change.KeyID = currentKey(ring).ID
				}
				return err
			})
			if err != nil {
				return err
			}
			return c.printRing(ring)
		},
	}
	addFlags(cmd, "ALGORITHM")
	return cmd
}

// initKeys makes a ring where there is none. Of several that do so at once, all but one are told that there is one.
func (c *cli) initKeys(cmd *cobra.Command, config app.Config) (*keyring.Ring, error) {
	p, err := c.openRing(cmd, config)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	ring, err := p.change(cmd.Context(), func(ring *keyring.Ring, _ []byte) (*keyring.Ring, error) {
		if ring != nil {
			return nil, told{fmt.Errorf("%s holds a key ring already; it was left alone", config.Keys), auth.ErrConflict}
		}
		return keyring.New(config.Algorithm, time.Now())
	})
	if err == nil && p.unpublished() {
		fmt.Fprintln(c.err, "The public keys are not in any table: the functions find them after the next rotation, or give --store dynamodb:TABLE.")
	}
	return ring, err
}
