package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/token"
)

func keysCommand(c *cli) *cobra.Command {
	return group("keys", "Make and list signing keys", keysInitCommand(c), keysListCommand(c))
}

func keysInitCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "init", Short: "Make the first key ring where there is none", Args: noArguments,
		Long: `Makes the first key ring in the file or secret named by --keys, and prints its public facts. A ring that is
there already is left alone, and the exit code is then 1: its keys have signed tokens that are in use.`,
		Example: `  latchkey keys init
  latchkey keys init --algorithm RS256 --keys secretsmanager:ARN   # the stack's output SigningKeysArn`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			keys, err := c.openKeys(cmd.Context(), config.Keys)
			if err != nil {
				return err
			}
			_, seen, err := readRing(cmd.Context(), keys)
			if err == nil {
				return fmt.Errorf("%s holds a key ring already; it was left alone", config.Keys)
			} else if !errors.Is(err, token.ErrNoRing) {
				return fmt.Errorf("look for a key ring in %s: %w", config.Keys, err)
			}
			ring, err := makeRing(cmd.Context(), keys, seen, config.Algorithm)
			if err != nil {
				return err
			}
			return c.printRing(ring)
		},
	}
	addFlags(cmd, "ALGORITHM")
	return cmd
}

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
			if errors.Is(err, token.ErrNoRing) {
				return fmt.Errorf("%s holds no key ring yet; 'latchkey keys init' makes one", config.Keys)
			} else if err != nil {
				return fmt.Errorf("read the key ring in %s: %w", config.Keys, err)
			}
			return c.printRing(ring)
		},
	}
}

func (c *cli) printRing(ring *token.Ring) error {
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KID\tALGORITHM\tSTATE\tCREATED\tSIGNS SINCE\tRETIRES")
	for _, k := range ring.Facts() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.KeyID, k.Algorithm, k.State,
			day(k.CreatedAt), day(k.ActivatedAt), day(k.RetireAt))
	}
	return table.Flush()
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
