package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func mailRetryCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "retry", Short: "Send the mails again that were set aside", Args: noArguments,
		Long: `Makes all mails due that 'latchkey serve' has set aside, because the mail server refused them for good or could not be
reached for a day. The server sends them within seconds. In AWS they are in the stack's dead-letter queue instead.`,
		Example: "  latchkey mail retry",
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			store, err := c.openStore(cmd.Context(), config.Store, false)
			if err != nil {
				return err
			}
			defer store.Close()
			outbox, local := store.(interface {
				RetryMessages(ctx context.Context, now time.Time) (int, error)
			})
			if !local {
				return usageError{fmt.Errorf("%s holds no mails: redrive the stack's dead-letter queue", config.Store)}
			}
			count, err := outbox.RetryMessages(cmd.Context(), time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%d mails are sent again\n", count)
			return nil
		},
	}
}
