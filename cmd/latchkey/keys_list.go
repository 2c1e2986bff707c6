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
	cmd := &cobra.Command{
		Use: "list", Short: "List the keys of the ring: public facts only", Args: noArguments,
		Example: "  latchkey keys list",
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
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
		return c.printRing(ring, *asJSON)
	}
	return cmd
}

func (c *cli) printRing(ring *keyring.Ring, asJSON bool) error {
	if asJSON {
		return c.printJSON(ring.Facts())
	}
	table := c.table("KID", "ALGORITHM", "STATE", "CREATED", "SIGNS SINCE", "RETIRES")
	for _, k := range ring.Facts() {
		table.row(k.KeyID, k.Algorithm, k.State, formatTime(k.CreatedAt), formatTime(k.ActivatedAt), formatTime(k.RetireAt))
	}
	return table.Flush()
}
