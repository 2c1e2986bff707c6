package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

func usersAddCommand(c *cli) *cobra.Command {
	var u auth.User
	var status string
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "add EMAIL", Short: "Add one user, asking for the password", Args: exactly("EMAIL"),
		Long: `Adds one user. The password is asked for twice without echo; --password-stdin reads it from the first
line of standard input instead. Users with accounts or a full profile come by 'users import'.`,
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
			return c.audited(cmd, auth.EventUserAdd, func(change *auth.AuditRecord) error {
				return c.addUser(cmd, u, fromStdin, change)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&u.Profile.Name, "name", "", "first name")
	flags.StringVar(&u.Profile.LastName, "last-name", "", "last name")
	flags.StringVar(&u.Role, "role", "", "role, as it appears in tokens")
	flags.StringVar(&status, "status", string(auth.StatusReady), "ready, pending or disabled")
	flags.BoolVar(&fromStdin, "password-stdin", false, "read the password from the first line of standard input")
	return cmd
}

func (c *cli) addUser(cmd *cobra.Command, u auth.User, fromStdin bool, change *auth.AuditRecord) error {
	ctx := cmd.Context()
	store, err := c.openStore(cmd)
	if err != nil {
		return err
	}
	defer store.Close()
	there := told{fmt.Errorf("%s is there already; see 'latchkey users show %[1]s'", u.Email), auth.ErrConflict}
	if _, err := store.UserByIdentifier(ctx, u.Identifier); err == nil {
		return there
	} else if !errors.Is(err, auth.ErrNotFound) {
		return fmt.Errorf("look up %s: %w", u.Email, err)
	}
	if u.PasswordHash, err = c.newPassword(cmd, fromStdin); err != nil {
		return err
	}
	u.CreatedAt = time.Now()
	u.UpdatedAt, u.PasswordEpoch = u.CreatedAt, auth.FirstEpoch(u.CreatedAt)
	if err := store.CreateUser(ctx, u); errors.Is(err, auth.ErrConflict) { // added while the password was typed
		return there
	} else if err != nil {
		return fmt.Errorf("add %s: %w", u.Email, err)
	}
	change.UserID = u.ID
	fmt.Fprintf(c.err, "added %s as %s\n", u.Email, u.ID)
	return nil
}

// newPassword asks for a password that a person chose, and returns its hash.
func (c *cli) newPassword(cmd *cobra.Command, fromStdin bool) (string, error) {
	chosen, err := c.readPassword(cmd.Context(), fromStdin)
	if err != nil {
		return "", err
	}
	if err := password.CheckNew(chosen); err != nil {
		return "", fmt.Errorf("that password cannot be used: %w", err)
	}
	hasher, err := c.hasher(cmd)
	if err != nil {
		return "", err
	}
	return hasher.Hash(cmd.Context(), chosen)
}
