package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
)

const maxOverlap = 365 * 24 * time.Hour

func clientsRotateCommand(c *cli) *cobra.Command {
	var overlap time.Duration
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Give a client a new API key and print it, once", Args: exactArgs("ID"),
		Long: `Prints a new API key for a client, and nothing else, on standard output, and ends the old one: at once, or with --overlap
after that time, so that the holder can change over. Name and kind stay; the new key has its own id, and sessions that the
old one opened go on. 'latchkey clients list' shows the IDs. The old key ends only after the new one is printed.`,
		Example: "  latchkey clients rotate 96e5e2faa6ac7e41 --overlap 24h > zapier.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			if overlap < 0 || overlap > maxOverlap {
				return usageError{fmt.Errorf("--overlap is 0 to %v", maxOverlap)}
			}
			return c.administer(cmd, func(a *admin.Admin) error {
				rotated, err := a.RotateClient(cmd.Context(), args[0], overlap, func(key string) error {
					if _, err := fmt.Fprintln(c.out, key); err != nil {
						return fmt.Errorf("print the key: %w", err)
					}
					return nil
				})
				if err != nil {
					return err
				}
				works := "no more"
				if !rotated.WorksTill.IsZero() {
					works = "until " + formatTime(rotated.WorksTill)
				}
				c.tell("%s (%s, %s) is now %s; the old key works %s\n",
					args[0], rotated.Old.Name, rotated.Old.Kind, rotated.New.ID(), works)
				return nil
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 0, "how long the old key works along with the new one")
	return cmd
}
