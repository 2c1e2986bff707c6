package main

import (
	"latchkey/internal/admin"

	"github.com/spf13/cobra"
)

func clientsDisableCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "disable ID", Short: "Make a client's key stop working at once", Args: exactArgs("ID"),
		Long: `Makes the key of the client stop working at once: sign-ins with it are refused. The ID is the one that
'latchkey clients list' shows. There is no way back; add another client instead.`,
		Example: "  latchkey clients disable 96e5e2faa6ac7e41",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.administer(cmd, func(a *admin.Admin) error {
				client, err := a.DisableClient(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				c.tell("disabled %s (%s)\n", client.ID(), client.Name)
				return nil
			})
		},
	}
}
