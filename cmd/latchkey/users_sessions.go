package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

func usersSessionsCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "sessions EMAIL|ID", Short: "List a user's live sessions, newest first", Args: exactArgs("EMAIL|ID"),
		Long: `Lists the user's sessions that have not ended: when they were opened and last refreshed, from where, by which API
client, and when they end unless they are refreshed.

` + emailOrID,
		Example: "  latchkey users sessions ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.inspect(cmd, func(a *admin.Admin) error {
				live, err := a.Sessions(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.printSessions(live)
			})
		},
	}
}

func (c *cli) printSessions(sessions []auth.Session) error {
	table := c.table()
	fmt.Fprintln(table, "ID\tCREATED\tLAST USED\tSOURCE\tCLIENT\tEXPIRES")
	for _, s := range sessions {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, formatTime(s.CreatedAt), formatTime(s.LastUsedAt),
			cmp.Or(s.Source, "-"), cmp.Or(s.Client, "-"), formatTime(s.ExpiresAt))
	}
	return table.Flush()
}
