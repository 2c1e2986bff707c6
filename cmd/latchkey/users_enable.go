package main

import (
	"github.com/spf13/cobra"

	"latchkey/internal/admin"
)

func usersEnableCommand(c *cli) *cobra.Command {
	const short = "Let a user sign in"
	return &cobra.Command{
		Use: "enable EMAIL|ID", Short: short, Args: exactArgs("EMAIL|ID"),
		Long: short + ".\n\n" + emailOrID, Example: "  latchkey users enable ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.administer(cmd, func(a *admin.Admin) error {
				u, err := a.EnableUser(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				c.tell("enabled %s\n", u.Email)
				return nil
			})
		},
	}
}
