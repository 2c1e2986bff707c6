package main

import (
	"latchkey/internal/admin"

	"github.com/spf13/cobra"
)

func usersSetPasswordCommand(c *cli) *cobra.Command {
	var fromStdin, allowListed bool
	cmd := &cobra.Command{
		Use: "set-password EMAIL|ID", Short: "Set a user's password and end their sessions", Args: exactArgs("EMAIL|ID"),
		Long: `Sets a new password, asked for twice without echo; --password-stdin reads it from the first line of standard
input instead. The user's sessions end; access tokens that were issued stay valid at other APIs until they expire.

` + emailOrID,
		Example: "  latchkey users set-password ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			newHash, err := c.newHash(cmd, fromStdin, allowListed)
			if err != nil {
				return err
			}
			return c.administer(cmd, func(a *admin.Admin) error {
				u, err := a.SetPassword(cmd.Context(), args[0], newHash)
				if err != nil {
					return err
				}
				c.tell("set the password of %s and ended their sessions\n", u.Email)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from the first line of standard input")
	cmd.Flags().BoolVar(&allowListed, "allow-listed", false, "accept a password that attackers try first; the audit says so")
	return cmd
}
