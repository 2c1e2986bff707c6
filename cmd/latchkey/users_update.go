package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/terminal"
	"latchkey/internal/userfile"
)

func usersUpdateCommand(c *cli) *cobra.Command {
	var patch string
	var endSessions bool
	cmd := &cobra.Command{
		Use: "update EMAIL|ID", Short: "Change a user's address, role, profile or accounts", Args: exactArgs("EMAIL|ID"),
		Long: `Changes what the flags say and leaves the rest as it is. --json takes a JSON object with members as in 'users import',
or '-' to read it from standard input: each replaces the user's own, null removes one, and "accounts" replaces
all of them. Accounts without an id keep the one they have. Sessions go on unless --end-sessions is
given; new tokens show the change.

Passwords and status have commands of their own: set-password, enable, disable.

` + emailOrID,
		Example: `  latchkey users update ada@example.com --email countess@example.com --role admin
  latchkey users update ada@example.com --json '{"city":"London","phone":null}'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			changed := false
			for _, flag := range []string{"email", "role", "name", "last-name", "locale", "json"} {
				changed = changed || cmd.Flags().Changed(flag)
			}
			if !changed {
				return usageError{errors.New("nothing to change: say what by --email, --role, --name, --last-name, --locale or --json")}
			}
			raw, err := c.patchFrom(cmd, patch)
			if err != nil {
				return err
			}
			return c.administer(cmd, func(a *admin.Admin) error {
				u, stale, err := a.UpdateUser(cmd.Context(), args[0], endSessions, func(u auth.User) (auth.User, error) { return userfile.Patch(u, raw) })
				if err != nil {
					return err
				}
				c.tell("updated %s\n", u.Email)
				c.tellStale(stale, endSessions)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.String("email", "", "new e-mail address") // this and the next: see patchFrom
	flags.String("role", "", "new role; '' removes it")
	flags.String("name", "", "new first name; '' removes it")
	flags.String("last-name", "", "new last name; '' removes it")
	flags.String("locale", "", "new language of mails; '' removes it")
	flags.BoolVar(&endSessions, "end-sessions", false, "end the user's sessions")
	flags.StringVar(&patch, "json", "", "members to change, as a JSON object; - for standard input")
	return cmd
}

// tellStale says how long tokens go on that show another role or organization than the user has now.
func (c *cli) tellStale(stale, ended bool) {
	switch {
	case stale && ended:
		c.tell("their sessions ended: access tokens issued before are refused by these APIs at once, by authorizers with REVOCATION=strict at once and "+
			"bounded within a minute; where only the signature is checked they keep the old role and organization for up to %s\n", app.TokenLives())
	case stale:
		c.tell("these APIs, and authorizers with REVOCATION=bounded or strict, use the new role and organization from now on, bounded within a minute; "+
			"where only the signature is checked, access tokens issued before keep the old ones for up to %s; "+
			"--end-sessions ends the sessions\n", app.TokenLives())
	case ended:
		c.tell("their sessions ended\n")
	}
}

// patchFrom makes one JSON object of --json and the other flags, which win.
func (c *cli) patchFrom(cmd *cobra.Command, patch string) ([]byte, error) {
	raw := []byte("{}")
	if cmd.Flags().Changed("json") {
		raw = []byte(patch)
	}
	if patch == "-" {
		var err error
		if raw, err = io.ReadAll(io.LimitReader(terminal.Interruptible(cmd.Context(), c.in), userfile.MaxLine+1)); err != nil {
			return nil, fmt.Errorf("read the members to change: %w", err)
		}
	}
	members := map[string]string{}
	for member, flag := range map[string]string{"email": "email", "role": "role", "name": "name", "lastName": "last-name", "locale": "locale"} {
		if f := cmd.Flags().Lookup(flag); f.Changed {
			members[member] = f.Value.String()
		}
	}
	return userfile.WithMembers(raw, members)
}
