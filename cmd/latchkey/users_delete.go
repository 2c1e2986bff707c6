package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

func usersDeleteCommand(c *cli) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete EMAIL|ID", Short: "Delete a user forever, and end their sessions", Args: exactArgs("EMAIL|ID"),
		Long: `Deletes the user, profile and accounts included, and ends their sessions; the address is free at once. Access tokens that
were issued are refused by these APIs at once, and elsewhere when they expire. Counters of failed sign-ins stay until
they expire, under keyed hashes. Only a copy of the store or a file of 'users export' brings the user back; 'users
disable' can be undone.

On a terminal it asks; elsewhere it needs --yes.

` + emailOrID,
		Example: "  latchkey users delete ada@example.com\n  latchkey users delete 64b000000000000000000001 --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && !c.dialog().CanAsk() {
				return usageError{errors.New("--yes is missing: the user would be gone forever")}
			}
			return c.administer(cmd, func(a *admin.Admin) error {
				u, err := a.DeleteUser(cmd.Context(), args[0], func(u auth.User) error {
					question := fmt.Sprintf("Delete %s (%s), created %s, forever? Type 'delete': ", u.Email, u.ID, u.CreatedAt.Format(time.DateOnly))
					if yes || c.dialog().Confirm(cmd.Context(), question, "delete") {
						return nil
					}
					return errors.New("nothing was deleted")
				})
				if err != nil {
					return err
				}
				c.tell("deleted %s, who was %s\n", u.Email, u.ID)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}
