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
)

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
			return c.audited(cmd, auth.EventUserDelete, func(change *auth.AuditRecord) error {
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

func (c *cli) deleteUser(cmd *cobra.Command, name string, change *auth.AuditRecord, confirm func(auth.User) error) error {
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
