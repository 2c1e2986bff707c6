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
				return c.printJSON(clientLines(clients, time.Now()))
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

// clientLine is a client in JSON. State is active, disabled or expired; expiresAt says when an active one ends.
type clientLine struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Kind      auth.ClientKind `json:"kind"`
	State     string          `json:"state"`
	CreatedAt time.Time       `json:"createdAt"`
	ExpiresAt time.Time       `json:"expiresAt,omitzero"`
}

func clientLines(clients []auth.Client, now time.Time) []clientLine {
	lines := []clientLine{}
	for _, client := range clients {
		state := "active"
		switch {
		case client.Disabled:
			state = "disabled"
		case !client.Works(now):
			state = "expired"
		}
		line := clientLine{ID: client.ID(), Name: client.Name, Kind: client.Kind, State: state, CreatedAt: client.CreatedAt.UTC()}
		if !client.ExpiresAt.IsZero() {
			line.ExpiresAt = client.ExpiresAt.UTC()
		}
		lines = append(lines, line)
	}
	return lines
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
