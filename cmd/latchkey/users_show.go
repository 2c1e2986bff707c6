package main

import (
	"github.com/spf13/cobra"

	"latchkey/internal/admin"
)

func usersShowCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show EMAIL|ID", Short: "Show one user, without the password hash", Args: exactArgs("EMAIL|ID"),
		Long: `Prints one user as JSON, with or without --json. Of the password hash it names only the scheme. Failed sign-ins, and the
keyed hash of the address that audit records have, are shown only if the key ring can be read.

` + emailOrID,
		Example: "  latchkey users show ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.inspect(cmd, func(a *admin.Admin) error {
				facts, err := a.ShowUser(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.printJSON(facts)
			})
		},
	}
	jsonFlag(cmd)
	return cmd
}
