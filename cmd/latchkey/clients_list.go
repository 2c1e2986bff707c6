package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

func clientsListCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List API clients, oldest first", Args: noArguments,
		Example: "  latchkey clients list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.inspect(cmd, func(a *admin.Admin) error {
				clients, err := a.Clients(cmd.Context())
				if err != nil {
					return err
				}
				return c.printClients(clients)
			})
		},
	}
}

func (c *cli) printClients(clients []auth.Client) error {
	table := c.table()
	fmt.Fprintln(table, "ID\tNAME\tKIND\tSTATE\tCREATED")
	for _, client := range clients {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", client.ID(), client.Name, client.Kind, clientState(client, time.Now()),
			formatTime(client.CreatedAt))
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
