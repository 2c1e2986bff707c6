package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func clientsCommand(c *cli) *cobra.Command {
	return group("clients", "Add, list, rotate and disable API clients",
		clientsAddCommand(c), clientsListCommand(c), clientsRotateCommand(c), clientsDisableCommand(c))
}

func findClient(ctx context.Context, store auth.Clients, id string) (auth.Client, error) {
	clients, err := store.AllClients(ctx)
	if err != nil {
		return auth.Client{}, fmt.Errorf("look up the client: %w", err)
	}
	for _, client := range clients {
		if client.ID() == id {
			return client, nil
		}
	}
	return auth.Client{}, told{fmt.Errorf("there is no client %s; 'latchkey clients list' shows the ids", id), auth.ErrNotFound}
}
