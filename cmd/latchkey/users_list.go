package main

import (
	"iter"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

func usersListCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List all users: id, e-mail, status, role", Args: noArguments,
		Example: "  latchkey users list\n  latchkey users list --json",
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.inspect(cmd, func(a *admin.Admin) error {
			return a.WithStore(cmd.Context(), func(store admin.Store) error {
				if *asJSON {
					return c.printJSONList(listed(store.AllUsers(cmd.Context())))
				}
				return c.printUsers(store.AllUsers(cmd.Context()))
			})
		})
	}
	return cmd
}

func (c *cli) printUsers(users iter.Seq2[auth.User, error]) error {
	table := c.table("ID", "EMAIL", "STATUS", "ROLE")
	for u, err := range users {
		if err != nil {
			return err
		}
		table.row(u.ID, u.Email, u.Status, u.Role)
	}
	return table.Flush()
}

func listed(users iter.Seq2[auth.User, error]) iter.Seq2[any, error] {
	type line struct {
		ID     string      `json:"id"`
		Email  string      `json:"email"`
		Status auth.Status `json:"status"`
		Role   string      `json:"role"`
	}
	return func(yield func(any, error) bool) {
		for u, err := range users {
			if !yield(line{u.ID, u.Email, u.Status, u.Role}, err) {
				return
			}
		}
	}
}
