package main

import (
	"context"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

func usersSignOutCommand(c *cli) *cobra.Command {
	var id string
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "sign-out EMAIL|ID", Short: "End a user's sessions, or one of them", Args: exactArgs("EMAIL|ID"),
		Long: `Ends all sessions of the user, or with --session only that one, and prints how many. Access tokens that were issued are
refused by these APIs at once, and elsewhere when they expire. The user may sign in again; 'users disable' prevents that.

` + emailOrID,
		Example: "  latchkey users sign-out ada@example.com\n  latchkey users sign-out ada@example.com --session Jb3GmVgE6Us2c8ZyZ4yZ7A",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.administer(cmd, func(a *admin.Admin) error {
				end := a.SignOut
				if cmd.Flags().Changed("session") {
					end = func(ctx context.Context, name string) (auth.User, int, error) { return a.EndSession(ctx, name, id) }
				}
				u, ended, err := end(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if *asJSON {
					return c.printJSON(struct {
						User  string `json:"user"`
						Ended int    `json:"ended"`
					}{u.ID, ended})
				}
				c.tell("sessions of %s ended: %d\n", u.Email, ended)
				return nil
			})
		},
	}
	asJSON = jsonFlag(cmd)
	cmd.Flags().StringVar(&id, "session", "", "id of the one session to end, as 'users sessions' lists it")
	return cmd
}
