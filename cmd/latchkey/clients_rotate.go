package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

const longestOverlap = 365 * 24 * time.Hour

func clientsRotateCommand(c *cli) *cobra.Command {
	var overlap time.Duration
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Give a client a new API key and print it, once", Args: exactly("ID"),
		Long: `Prints a new API key for a client, alone, on standard output, and ends the old one: at once, or with --overlap when
that time is over, so that the holder can change over. Name and kind stay; the new key has an id of its own, and
sessions that the old one opened go on. The ID is the one that 'latchkey clients list' shows. The old key ends only
when the new one is printed.`,
		Example: "  latchkey clients rotate 96e5e2faa6ac7e41 --overlap 24h > zapier.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			if overlap < 0 || overlap > longestOverlap {
				return usageError{fmt.Errorf("--overlap is 0 to %v", longestOverlap)}
			}
			return c.audited(cmd, auth.EventClientRotate, func(change *auth.AuditRecord) error {
				return c.rotateClient(cmd, args[0], overlap, change)
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 0, "how long the old key works beside the new one")
	return cmd
}

func (c *cli) rotateClient(cmd *cobra.Command, id string, overlap time.Duration, change *auth.AuditRecord) error {
	store, err := c.openStore(cmd)
	if err != nil {
		return err
	}
	defer store.Close()
	old, err := findClient(cmd.Context(), store, id)
	if err != nil {
		return err
	}
	change.ClientID = id
	if !old.Works(time.Now()) {
		return told{fmt.Errorf("the key of %s (%s) does not work any more; add another client", id, old.Name), auth.ErrConflict}
	}
	key, next, err := newClient(cmd, store, old.Name, old.Kind)
	if err != nil {
		return err
	}
	change.NextID = next.ID()
	if _, err := fmt.Fprintln(c.out, key); err != nil {
		err = fmt.Errorf("print the key: %w; the old one works on", err)
		return errors.Join(err, store.DisableClient(cmd.Context(), next.KeyHash))
	}
	until, err := endClient(cmd.Context(), store, old, overlap)
	if err != nil {
		return fmt.Errorf("%s has a new key, %s, and the old one works on: disable it: %w", old.Name, next.ID(), err)
	}
	fmt.Fprintf(c.err, "%s (%s, %s) is now %s; the old key works %s\n", id, old.Name, old.Kind, next.ID(), until)
	return nil
}

// endClient ends the key when the overlap is over, but no later than was said before.
func endClient(ctx context.Context, clients auth.Clients, old auth.Client, overlap time.Duration) (until string, err error) {
	if overlap == 0 {
		return "no more", clients.DisableClient(ctx, old.KeyHash)
	}
	at := time.Now().Add(overlap)
	if !old.ExpiresAt.IsZero() && old.ExpiresAt.Before(at) {
		at = old.ExpiresAt
	}
	return "until " + moment(at), clients.ExpireClient(ctx, old.KeyHash, at)
}
