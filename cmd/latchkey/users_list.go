package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
)

func usersListCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all users: id, e-mail, status, role", Args: noArguments,
		Example: "  latchkey users list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.inspect(cmd, func(a *admin.Admin) error {
				return a.WithStore(cmd.Context(), func(store admin.Store) error {
					table := c.table()
					fmt.Fprintln(table, "ID\tEMAIL\tSTATUS\tROLE")
					for u, err := range store.AllUsers(cmd.Context()) {
						if err != nil {
							return err
						}
						fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", u.ID, u.Email, u.Status, u.Role)
					}
					return table.Flush()
				})
			})
		},
	}
}
