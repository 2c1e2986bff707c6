package main

import (
	"context"
	"errors"
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
line of standard input instead. With --activate no password is asked for: the user chooses it by the link in the mail that
'users invite' sends, and can sign in then. 'users import' takes users with accounts or a full profile.`,
		Example: `  latchkey users add ada@example.com --name Ada --role editor
  latchkey users add ada@example.com --password-stdin < password.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if u.Identifier, err = auth.ParseIdentifier(args[0]); err != nil {
				return usageError{fmt.Errorf("EMAIL: %w", err)}
			}
			u.Email, _ = auth.CleanEmail(args[0])
			u.ID, u.Status = auth.NewUserID(), auth.Status(status)
			if u.Activate && !cmd.Flags().Changed("status") {
				u.Status = auth.StatusPending
			}
			if err := u.Validate(); err != nil {
				return usageError{err}
			}
			newHash, err := c.hashForNewUser(cmd, u, fromStdin, allowListed)
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
	flags.StringVar(&u.Locale, "locale", "", "language of mails to the user, such as de (BCP 47); empty: English")
	flags.BoolVar(&u.Activate, "activate", false, "add a pending user without a password, who becomes ready by choosing one")
	flags.BoolVar(&fromStdin, "password-stdin", false, "read the password from the first line of standard input")
	flags.BoolVar(&allowListed, "allow-listed", false, "accept a password that attackers try first; the audit says so")
	return cmd
}

// hashForNewUser asks for the password, unless the user will choose it.
func (c *cli) hashForNewUser(cmd *cobra.Command, u auth.User, fromStdin, allowListed bool) (admin.NewHash, error) {
	if !u.Activate {
		return c.newHash(cmd, fromStdin, allowListed)
	}
	if fromStdin || allowListed {
		return nil, usageError{errors.New("--activate: the user chooses the password; leave --password-stdin and --allow-listed out")}
	}
	return func(context.Context, auth.User) (string, bool, error) { return "", false, nil }, nil
}
