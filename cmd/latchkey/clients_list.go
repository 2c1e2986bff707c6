package main

import (
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

func clientsListCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List API clients, oldest first", Args: noArguments,
		Example: "  latchkey clients list",
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.inspect(cmd, func(a *admin.Admin) error {
			clients, err := a.Clients(cmd.Context())
			switch {
			case err != nil:
				return err
			case *asJSON:
				return c.printJSON(admin.NewClientFacts(clients, time.Now()))
			}
			return c.printClients(clients)
		})
	}
	return cmd
}

func (c *cli) printClients(clients []auth.Client) error {
	table := c.table("ID", "NAME", "KIND", "STATE", "CREATED")
	for _, client := range clients {
		table.row(client.ID(), client.Name, client.Kind, clientState(client, time.Now()), formatTime(client.CreatedAt))
	}
	return table.Flush()
}

func clientState(c auth.Client, now time.Time) string {
	switch {
	case c.Disabled:
		return "disabled"
	case !c.Works(now):
		return "expired"
	case !c.ExpiresAt.IsZero():
		return "until " + formatTime(c.ExpiresAt)
	}
	return "active"
}
