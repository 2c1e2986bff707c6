package main

import (
	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func usersSetPasswordCommand(c *cli) *cobra.Command {
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "set-password EMAIL|ID", Short: "Set a user's password and end their sessions", Args: exactly("EMAIL|ID"),
		Long: `Sets a new password, asked for twice without echo; --password-stdin reads it from the first line of standard
input instead. The user's sessions end, and access tokens that are out live no longer than they say.

` + emailOrID,
		Example: "  latchkey users set-password ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			hash := ""
			return c.changeUser(cmd, auth.EventUserPassword, args[0], func(_ store, u *auth.User) (err error) {
				if hash == "" { // asked once, however often the change is tried
					if hash, err = c.newPassword(cmd, fromStdin); err != nil {
						return err
					}
				}
				u.PasswordHash = hash
				return nil
			}, "set the password of %s and ended their sessions\n")
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from the first line of standard input")
	return cmd
}
