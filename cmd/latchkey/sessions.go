package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
	return auth.NewSessions(auth.SessionsConfig{Store: store}).List(ctx, auth.Caller{User: u})
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

func usersSignOutCommand(c *cli) *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use: "sign-out EMAIL|ID", Short: "End a user's sessions, or one of them", Args: exactly("EMAIL|ID"),
		Long: `Ends all sessions of the user, or with --session the one, and says how many. Access tokens that are out are refused
by these APIs at once, and live elsewhere no longer than they say. The user may sign in again: 'users disable' is
what prevents that.

` + emailOrID,
		Example: "  latchkey users sign-out ada@example.com\n  latchkey users sign-out ada@example.com --session Jb3GmVgE6Us2c8ZyZ4yZ7A",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.audited(cmd, auth.EventUserSignOut, func(change *auth.Change) error {
				return c.signOut(cmd, args[0], id, change)
			})
		},
	}
	cmd.Flags().StringVar(&id, "session", "", "id of the one session to end, as 'users sessions' lists it")
	return cmd
}

func (c *cli) signOut(cmd *cobra.Command, name, id string, change *auth.Change) error {
	store, u, err := c.openUser(cmd, name)
	if err != nil {
		return err
	}
	defer store.Close()
	change.UserID = u.ID
	live, err := liveSessions(cmd.Context(), store, u)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("session") {
		if live = slices.DeleteFunc(live, func(s auth.Session) bool { return s.ID != id }); len(live) == 0 {
			return told{fmt.Errorf("%s has no such session; 'latchkey users sessions' lists them", u.Email), auth.ErrNotFound}
		}
		change.SessionID = id
		err = store.EndSession(cmd.Context(), u.ID, id)
	} else {
		err = store.EndSessions(cmd.Context(), u.ID, "")
	}
	if err != nil {
		return fmt.Errorf("the sessions of %s are not all ended: do it again: %w", u.Email, err)
	}
	fmt.Fprintf(c.err, "sessions of %s ended: %d\n", u.Email, len(live))
	return nil
}
