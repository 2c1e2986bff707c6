package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

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
			keys, err := c.openKeys(cmd.Context(), config.Keys)
			if err != nil {
				return err
			}
			ring, _, err := readRing(cmd.Context(), keys)
			if errors.Is(err, keyring.ErrNoRing) {
				return noRing(config.Keys)
			} else if err != nil {
				return fmt.Errorf("read the key ring in %s: %w", config.Keys, err)
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
			moment(k.CreatedAt), moment(k.ActivatedAt), moment(k.RetireAt))
	}
	return table.Flush()
}
