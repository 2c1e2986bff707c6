package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
)

func usersAddCommand(c *cli) *cobra.Command {
	var u auth.User
	var status string
	var fromStdin, allowListed bool
	cmd := &cobra.Command{
		Use: "add EMAIL", Short: "Add one user, asking for the password", Args: exactArgs("EMAIL"),
		Long: `Adds one user. The password is asked for twice without echo; --password-stdin reads it from the first
line of standard input instead. 'users import' takes users with accounts or a full profile.`,
		Example: `  latchkey users add ada@example.com --name Ada --role editor
  latchkey users add ada@example.com --password-stdin < password.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if u.Identifier, err = auth.ParseIdentifier(args[0]); err != nil {
				return usageError{fmt.Errorf("EMAIL: %w", err)}
			}
			u.Email, _ = auth.CleanEmail(args[0])
			u.ID, u.Status = auth.NewUserID(), auth.Status(status)
			if err := u.Validate(); err != nil {
				return usageError{err}
			}
			newHash, err := c.newHash(cmd, fromStdin, allowListed)
			if err != nil {
				return err
			}
			return c.administer(cmd, func(a *admin.Admin) error {
				if err := a.AddUser(cmd.Context(), u, newHash); err != nil {
					return err
				}
				c.tell("added %s as %s\n", u.Email, u.ID)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&u.Profile.Name, "name", "", "first name")
	flags.StringVar(&u.Profile.LastName, "last-name", "", "last name")
	flags.StringVar(&u.Role, "role", "", "role, as it appears in tokens")
	flags.StringVar(&status, "status", string(auth.StatusReady), "ready, pending or disabled")
	flags.BoolVar(&fromStdin, "password-stdin", false, "read the password from the first line of standard input")
	flags.BoolVar(&allowListed, "allow-listed", false, "accept a password that attackers try first; the audit says so")
	return cmd
}
