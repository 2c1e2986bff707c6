package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func usersStatusCommand(c *cli, event auth.Event, use, short string, status auth.Status) *cobra.Command {
	return &cobra.Command{
		Use: use + " EMAIL|ID", Short: short, Args: exactly("EMAIL|ID"),
		Long: short + ".\n\n" + emailOrID, Example: "  latchkey users " + use + " ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeUser(cmd, event, args[0], func(_ store, u *auth.User) error {
				if status == auth.StatusReady && u.PasswordHash == "" {
					return fmt.Errorf("%s has no password yet; 'latchkey users set-password %[1]s' sets one", u.Email)
				}
				u.Status = status
				return nil
			}, use+"d %s\n")
		},
	}
}
