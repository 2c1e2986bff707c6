package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

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
			return c.audited(cmd, auth.EventUserSignOut, func(change *auth.AuditRecord) error {
				return c.signOut(cmd, args[0], id, change)
			})
		},
	}
	cmd.Flags().StringVar(&id, "session", "", "id of the one session to end, as 'users sessions' lists it")
	return cmd
}

func (c *cli) signOut(cmd *cobra.Command, name, id string, change *auth.AuditRecord) error {
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
