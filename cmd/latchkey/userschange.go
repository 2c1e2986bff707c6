package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/userfile"
)

func usersUpdateCommand(c *cli) *cobra.Command {
	var patch string
	cmd := &cobra.Command{
		Use: "update EMAIL|ID", Short: "Change a user's address, role, profile or accounts", Args: exactly("EMAIL|ID"),
		Long: `Changes what the flags say and leaves the rest as it is. --json takes a JSON object with members as in 'users import',
or '-' to read it from standard input: each takes the place of the user's own, null takes one away, and "accounts" are
all of them. Accounts without an id keep the one they have. Sessions go on; new tokens say what is new.

Passwords and status have commands of their own: set-password, enable, disable.

` + emailOrID,
		Example: `  latchkey users update ada@example.com --email countess@example.com --role admin
  latchkey users update ada@example.com --json '{"city":"London","phone":null}'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			changed := false
			for _, flag := range []string{"email", "role", "name", "last-name", "json"} {
				changed = changed || cmd.Flags().Changed(flag)
			}
			if !changed {
				return usageError{errors.New("nothing to change: say what by --email, --role, --name, --last-name or --json")}
			}
			raw, err := c.patchFrom(cmd, patch)
			if err != nil {
				return err
			}
			return c.changeUser(cmd, auth.EventUserUpdate, args[0], func(store store, u *auth.User) error {
				changed, err := userfile.Patch(*u, raw)
				if err != nil {
					return err
				}
				if err := c.addressFree(cmd, store, changed); err != nil {
					return err
				}
				*u = changed
				return nil
			}, "updated %s\n")
		},
	}
	flags := cmd.Flags()
	flags.String("email", "", "new e-mail address") // this and the next: see patchFrom
	flags.String("role", "", "new role; '' for none")
	flags.String("name", "", "new first name; '' for none")
	flags.String("last-name", "", "new last name; '' for none")
	flags.StringVar(&patch, "json", "", "members to change, as a JSON object; - for standard input")
	return cmd
}

// patchFrom makes one JSON object of --json and the other flags, which win.
func (c *cli) patchFrom(cmd *cobra.Command, patch string) ([]byte, error) {
	raw := []byte("{}")
	if cmd.Flags().Changed("json") {
		raw = []byte(patch)
	}
	if patch == "-" {
		var err error
		if raw, err = io.ReadAll(io.LimitReader(interruptible{cmd.Context(), c.in}, userfile.MaxLine+1)); err != nil {
			return nil, fmt.Errorf("read the members to change: %w", err)
		}
	}
	members := map[string]string{}
	for member, flag := range map[string]string{"email": "email", "role": "role", "name": "name", "lastName": "last-name"} {
		if f := cmd.Flags().Lookup(flag); f.Changed {
			members[member] = f.Value.String()
		}
	}
	return userfile.WithMembers(raw, members)
}

// addressFree looks whether another user has the address, for the store would only say that something is in the way.
func (c *cli) addressFree(cmd *cobra.Command, store store, u auth.User) error {
	other, err := store.UserByIdentifier(cmd.Context(), u.Identifier)
	switch {
	case err == nil && other.ID != u.ID:
		return told{fmt.Errorf("%s is the address of another user, %s", u.Email, other.ID), auth.ErrConflict}
	case err != nil && !errors.Is(err, auth.ErrNotFound):
		return fmt.Errorf("look up %s: %w", u.Email, err)
	}
	return nil
}

func usersDeleteCommand(c *cli) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete EMAIL|ID", Short: "Delete a user for ever, and end their sessions", Args: exactly("EMAIL|ID"),
		Long: `Deletes the user, profile and accounts included, and ends their sessions; the address is free at once. Access tokens that
are out are refused by these APIs at once, and live elsewhere no longer than they say. Counters of sign-ins stay until
they expire, under keyed hashes. There is no way back but a copy of the store, or a file of 'users export': 'users
disable' is what can be undone.

On a terminal it asks; elsewhere it needs --yes.

` + emailOrID,
		Example: "  latchkey users delete ada@example.com\n  latchkey users delete 64b000000000000000000001 --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			terminal, asks := c.terminal()
			if !yes && !asks {
				return usageError{errors.New("--yes is missing: the user would be gone for ever")}
			}
			return c.audited(cmd, auth.EventUserDelete, func(change *auth.Change) error {
				return c.deleteUser(cmd, args[0], change, func(u auth.User) error {
					if yes {
						return nil
					}
					return c.confirm(cmd, terminal, u)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (c *cli) deleteUser(cmd *cobra.Command, name string, change *auth.Change, confirm func(auth.User) error) error {
	store, u, err := c.openUser(cmd, name)
	if err != nil {
		return err
	}
	defer store.Close()
	change.UserID = u.ID
	if err := confirm(u); err != nil {
		return err
	}
	if err := store.DeleteUser(cmd.Context(), u.ID); err != nil {
		return fmt.Errorf("delete %s: do it again: %w", u.Email, err)
	}
	fmt.Fprintf(c.err, "deleted %s, who was %s\n", u.Email, u.ID)
	return nil
}

// confirm asks for the word that is no slip of the hand.
func (c *cli) confirm(cmd *cobra.Command, terminal io.Reader, u auth.User) error {
	fmt.Fprintf(c.err, "Delete %s (%s), made %s, for ever? Type 'delete': ", u.Email, u.ID, u.CreatedAt.Format(time.DateOnly))
	answer, err := bufio.NewReader(interruptible{cmd.Context(), terminal}).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "delete" {
		return errors.New("nothing was deleted")
	}
	return nil
}
