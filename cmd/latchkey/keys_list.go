package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

func keysListCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys of the ring: public facts only", Args: noArguments,
		Example: "  latchkey keys list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			place, err := c.openRing(cmd.Context(), app.Config{Keys: config.Keys})
			if err != nil {
				return err
			}
			ring, _, err := keyring.Load(cmd.Context(), place)
			if errors.Is(err, keyring.ErrNoRing) {
				return cliError{fmt.Errorf("%s holds no key ring yet; 'latchkey keys init' makes one", config.Keys), auth.ErrNotFound}
			} else if err != nil {
				return err
			}
			return c.printRing(ring)
		},
	}
}

func (c *cli) printRing(ring *keyring.Ring) error {
	table := c.table()
	fmt.Fprintln(table, "KID\tALGORITHM\tSTATE\tCREATED\tSIGNS SINCE\tRETIRES")
	for _, k := range ring.Facts() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.KeyID, k.Algorithm, k.State,
			formatTime(k.CreatedAt), formatTime(k.ActivatedAt), formatTime(k.RetireAt))
	}
	return table.Flush()
}
