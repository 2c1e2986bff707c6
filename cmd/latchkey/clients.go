package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func clientsCommand(c *cli) *cobra.Command {
	return group("clients", "Add, list, rotate and disable API clients",
		clientsAddCommand(c), clientsListCommand(c), clientsRotateCommand(c), clientsDisableCommand(c))
}

func clientsAddCommand(c *cli) *cobra.Command {
	var name, kind string
	cmd := &cobra.Command{
		Use: "add --name NAME --kind standard|integration", Short: "Make an API key and print it, once", Args: noArguments,
		Long: `Prints a new API key, alone, on standard output. It is shown this once: only its hash is kept.

A sign-in with the key of a standard client is like one without; that of an integration client gets a token for
90 days and no refresh cookie.`,
		Example: "  latchkey clients add --name zapier --kind integration > zapier.key",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkClient(name, kind); err != nil {
				return usageError{err}
			}
			var key string
			var client auth.Client
			err := c.audited(cmd, auth.EventClientAdd, func(change *auth.Change) error {
				store, err := c.openStore(cmd)
				if err != nil {
					return err
				}
				defer store.Close()
				key, client, err = newClient(cmd, store, name, auth.ClientKind(kind))
				change.ClientID = client.ID()
				return err
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(c.err, "added client %s (%s, %s); its key:\n", client.ID(), name, kind)
			if _, err := fmt.Fprintln(c.out, key); err != nil {
				return fmt.Errorf("print the key: %w; nobody has it now: disable %s and add another", err, client.ID())
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "who holds the key")
	cmd.Flags().StringVar(&kind, "kind", "", kinds)
	return cmd
}

const kinds = string(auth.ClientStandard + " or " + auth.ClientIntegration)

// checkClient keeps the list readable: a name is one line.
func checkClient(name, kind string) error {
	switch {
	case name == "":
		return errors.New("--name is missing: say who holds the key")
	case len(name) > 200 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("--name is one line of at most 200 bytes of UTF-8")
	case kind == "":
		return errors.New("--kind is missing: write " + kinds)
	case !auth.ClientKind(kind).Valid():
		return fmt.Errorf("--kind is %q; write %s", kind, kinds)
	}
	return nil
}

func newClient(cmd *cobra.Command, clients auth.Clients, name string, kind auth.ClientKind) (string, auth.Client, error) {
	var secret [32]byte
	rand.Read(secret[:]) // never fails: crypto/rand ends the process instead
	key := "lk_" + base64.RawURLEncoding.EncodeToString(secret[:])
	client := auth.Client{KeyHash: auth.HashAPIKey(key), Name: name, Kind: kind, CreatedAt: time.Now()}
	if err := clients.CreateClient(cmd.Context(), client); err != nil {
		return "", auth.Client{}, fmt.Errorf("add the client: %w", err)
	}
	return key, client, nil
}

func clientsListCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List API clients, oldest first", Args: noArguments,
		Example: "  latchkey clients list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := c.openStore(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			clients, err := store.AllClients(cmd.Context())
			if err != nil {
				return err
			}
			table := c.table()
			fmt.Fprintln(table, "ID\tNAME\tKIND\tSTATE\tCREATED")
			for _, client := range clients {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", client.ID(), client.Name, client.Kind, clientState(client, time.Now()),
					moment(client.CreatedAt))
			}
			return table.Flush()
		},
	}
}

func clientState(c auth.Client, now time.Time) string {
	switch {
	case c.Disabled:
		return "disabled"
	case !c.Works(now):
		return "expired"
	case !c.ExpiresAt.IsZero():
		return "until " + moment(c.ExpiresAt)
	}
	return "active"
}

func clientsDisableCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "disable ID", Short: "Make a client's key stop working at once", Args: exactly("ID"),
		Long: `Makes the key of the client stop working at once: sign-ins with it are refused. The ID is the one that
'latchkey clients list' shows. There is no way back; add another client instead.`,
		Example: "  latchkey clients disable 96e5e2faa6ac7e41",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.audited(cmd, auth.EventClientDisable, func(change *auth.Change) error {
				return c.disableClient(cmd, args[0], change)
			})
		},
	}
}

func (c *cli) disableClient(cmd *cobra.Command, id string, change *auth.Change) error {
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
