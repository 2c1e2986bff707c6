package main

import (
	"latchkey/internal/admin"

	"github.com/spf13/cobra"
)

func usersUnlockCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "unlock EMAIL|ID", Short: "Forget a user's failed sign-ins and wrong codes, so that they need not wait", Args: exactArgs("EMAIL|ID"),
		Long: `Forgets the failed sign-ins of one user from all sources, and the wrong codes of their second factor, so that the
user does not have to wait; known sources stay known. 'users show' shows who waits. A source that failed for too many users stays refused until its time is over.

` + emailOrID,
		Example: "  latchkey users unlock ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.administer(cmd, func(a *admin.Admin) error {
				if err := a.Unlock(cmd.Context(), args[0]); err != nil {
					return err
				}
				c.tell("forgot the failed sign-ins of %s\n", args[0])
				return nil
			})
		},
	}
}
