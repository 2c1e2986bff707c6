package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
)

func usersShowCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "show EMAIL|ID", Short: "Show one user, without the password hash", Args: exactArgs("EMAIL|ID"),
		Long: `Prints one user as JSON. Of the password hash it names the scheme alone. Failed sign-ins, and the keyed hash of the
address that audit records have, are shown only if the key ring can be read.

` + emailOrID,
		Example: "  latchkey users show ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.inspect(cmd, func(a *admin.Admin) error {
				facts, partial, err := a.ShowUser(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if partial != nil {
					fmt.Fprintf(c.err, "without the failed sign-ins: %v\n", partial)
				}
				return c.printJSON(facts)
			})
		},
	}
}
