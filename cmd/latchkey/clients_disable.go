package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func clientsDisableCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "disable ID", Short: "Make a client's key stop working at once", Args: exactly("ID"),
		Long: `Makes the key of the client stop working at once: sign-ins with it are refused. The ID is the one that
'latchkey clients list' shows. There is no way back; add another client instead.`,
		Example: "  latchkey clients disable 96e5e2faa6ac7e41",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.audited(cmd, auth.EventClientDisable, func(change *auth.AuditRecord) error {
				return c.disableClient(cmd, args[0], change)
			})
		},
	}
}

func (c *cli) disableClient(cmd *cobra.Command, id string, change *auth.AuditRecord) error {
	store, err := c.openStore(cmd)
	if err != nil {
		return err
	}
	defer store.Close()
	client, err := findClient(cmd.Context(), store, id)
	if err != nil {
		return err
	}
	change.ClientID = id
	if err := store.DisableClient(cmd.Context(), client.KeyHash); err != nil {
		return fmt.Errorf("disable the client: %w", err)
	}
	fmt.Fprintf(c.err, "disabled %s (%s)\n", client.ID(), client.Name)
	return nil
}
