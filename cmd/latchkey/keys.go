package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/secret"
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
			var ring *token.Ring
			err = c.audited(cmd, auth.EventKeyInit, func(change *auth.Change) error {
				if ring, err = c.initKeys(cmd.Context(), config); err == nil {
					change.KeyID = currentKey(ring).KeyID
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
func (c *cli) initKeys(ctx context.Context, config app.Config) (*token.Ring, error) {
	keys, err := c.openKeys(ctx, config.Keys)
	if err != nil {
		return nil, err
	}
	_, seen, err := readRing(ctx, keys)
	if errors.Is(err, token.ErrNoRing) {
		ring, failed := makeRing(ctx, keys, seen, config.Algorithm)
		if !errors.Is(failed, secret.ErrChanged) {
			return ring, failed
		}
		if _, _, err = readRing(ctx, keys); errors.Is(err, token.ErrNoRing) {
			return nil, failed
		}
	}
	if err != nil {
		return nil, fmt.Errorf("look for a key ring in %s: %w", config.Keys, err)
	}
	return nil, told{fmt.Errorf("%s holds a key ring already; it was left alone", config.Keys), auth.ErrConflict}
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
