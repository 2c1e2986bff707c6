package main

import (
	"github.com/spf13/cobra"

	"latchkey/internal/admin"
)

func usersDisableCommand(c *cli) *cobra.Command {
	const short = "Keep a user from signing in and end their sessions"
	return &cobra.Command{
		Use: "disable EMAIL|ID", Short: short, Args: exactArgs("EMAIL|ID"),
		Long: short + ".\n\n" + emailOrID, Example: "  latchkey users disable ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.administer(cmd, func(a *admin.Admin) error {
				u, err := a.DisableUser(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				c.tell("disabled %s\n", u.Email)
				return nil
			})
		},
	}
}
