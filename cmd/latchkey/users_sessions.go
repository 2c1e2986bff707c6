package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func usersSessionsCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "sessions EMAIL|ID", Short: "List a user's live sessions, the newest first", Args: exactly("EMAIL|ID"),
		Long: `Lists the user's sessions that have not ended: when they were opened and last refreshed, from where, by which API
client, and when they end unless they are refreshed before.

` + emailOrID,
		Example: "  latchkey users sessions ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			store, u, err := c.openUser(cmd, args[0])
			if err != nil {
				return err
			}
			defer store.Close()
			live, err := liveSessions(cmd.Context(), store, u)
			if err != nil {
				return err
			}
			return c.printSessions(live)
		},
	}
}

// liveSessions are those that the user would see: what has expired may still be stored.
func liveSessions(ctx context.Context, store store, u auth.User) ([]auth.Session, error) {
	return auth.NewSessions(auth.Config{Store: store}).List(ctx, auth.Caller{User: u})
}

func (c *cli) printSessions(sessions []auth.Session) error {
	table := c.table()
	fmt.Fprintln(table, "ID\tCREATED\tLAST USED\tSOURCE\tCLIENT\tEXPIRES")
	for _, s := range sessions {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, moment(s.CreatedAt), moment(s.LastUsedAt),
			cmp.Or(s.Source, "-"), cmp.Or(s.Client, "-"), moment(s.ExpiresAt))
	}
	return table.Flush()
}
