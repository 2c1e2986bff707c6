package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

func clientsAddCommand(c *cli) *cobra.Command {
	var name, kind string
	cmd := &cobra.Command{
		Use: "add --name NAME --kind standard|integration", Short: "Make an API key and print it, once", Args: noArguments,
		Long: `Prints a new API key, and nothing else, on standard output. It is shown only now: Latchkey stores only its hash.

A sign-in with the key of a standard client is like one without; that of an integration client gets a token for
90 days and no refresh cookie.`,
		Example: "  latchkey clients add --name zapier --kind integration > zapier.key",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkClient(name, kind); err != nil {
				return usageError{err}
			}
			return c.administer(cmd, func(a *admin.Admin) error {
				key, client, err := a.AddClient(cmd.Context(), name, auth.ClientKind(kind))
				if err != nil {
					return err
				}
				c.tell("added client %s (%s, %s); its key:\n", client.ID(), name, kind)
				if _, err := fmt.Fprintln(c.out, key); err != nil {
					return fmt.Errorf("print the key: %w; the key is lost: disable %s and add another", err, client.ID())
				}
				return nil
			})
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
