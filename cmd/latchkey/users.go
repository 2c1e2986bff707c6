package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/password"
)

func usersCommand(c *cli) *cobra.Command {
	return group("users", "Add, import, show and change users",
		usersAddCommand(c), usersImportCommand(c), usersExportCommand(c), usersShowCommand(c), usersListCommand(c), usersHashesCommand(c),
		usersUpdateCommand(c), usersDeleteCommand(c),
		usersSetPasswordCommand(c), usersUnlockCommand(c), usersSessionsCommand(c), usersSignOutCommand(c),
		usersStatusCommand(c, auth.EventUserDisable, "disable", "Keep a user from signing in and end their sessions", auth.StatusDisabled),
		usersStatusCommand(c, auth.EventUserEnable, "enable", "Let a user sign in", auth.StatusReady))
}

const emailOrID = "A user is named by e-mail address or by id. Where one's address is another's id, the address counts."

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
			return c.audited(cmd, auth.EventUserAdd, func(change *auth.Change) error {
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

func (c *cli) addUser(cmd *cobra.Command, u auth.User, fromStdin bool, change *auth.Change) error {
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

func usersShowCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "show EMAIL|ID", Short: "Show one user, without the password hash", Args: exactly("EMAIL|ID"),
		Long: `Prints one user as JSON. Of the password hash it shows the scheme alone. What it says of failed sign-ins, and the hash
that stands for the address in audit records, take --keys.

` + emailOrID,
		Example: "  latchkey users show ada@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			store, u, err := c.openUser(cmd, args[0])
			if err != nil {
				return err
			}
			defer store.Close()
			facts := newUserFacts(u)
			if err := c.addHashed(cmd, store, u.Identifier, &facts); err != nil {
				fmt.Fprintf(c.err, "without the failed sign-ins: %v\n", err)
			}
			encoder := json.NewEncoder(c.out)
			encoder.SetIndent("", "  ")
			encoder.SetEscapeHTML(false)
			return encoder.Encode(facts)
		},
	}
}

// userFacts is what show prints: all but the hash, of which the scheme's name is enough.
type userFacts struct {
	ID           string         `json:"id"`
	Email        string         `json:"email"`
	Identifier   string         `json:"identifier"`
	Status       auth.Status    `json:"status"`
	Role         string         `json:"role,omitempty"`
	PasswordHash string         `json:"passwordHash"`
	Profile      auth.Profile   `json:"profile"`
	Accounts     []auth.Account `json:"accounts,omitempty"`
	CreatedAt    time.Time      `json:"createdAt"`
	UpdatedAt    time.Time      `json:"updatedAt"`

	IdentifierHash string         `json:"identifierHash,omitempty"` // as in audit records
	Throttle       *throttleFacts `json:"throttle,omitempty"`
}

func newUserFacts(u auth.User) userFacts {
	return userFacts{
		ID: u.ID, Email: u.Email, Identifier: u.Identifier.String(), Status: u.Status, Role: u.Role,
		PasswordHash: scheme(u.PasswordHash), Profile: u.Profile, Accounts: u.Accounts,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

func scheme(hash string) string {
	if hash == "" {
		return "none"
	}
	return password.Scheme(hash)
}

func usersListCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all users: id, e-mail, status, role", Args: noArguments,
		Example: "  latchkey users list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := c.openStore(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			table := c.table()
			fmt.Fprintln(table, "ID\tEMAIL\tSTATUS\tROLE")
			for u, err := range store.AllUsers(cmd.Context()) {
				if err != nil {
					return err
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", u.ID, u.Email, u.Status, u.Role)
			}
			return table.Flush()
		},
	}
}

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

// changeUser reads, changes and writes one user, again where somebody else wrote between, and ends the
// sessions of a user who may not go on with them.
func (c *cli) changeUser(cmd *cobra.Command, event auth.Event, name string, change func(store, *auth.User) error, done string) error {
	return c.audited(cmd, event, func(record *auth.Change) error {
		u, err := c.tryToChange(cmd, name, change)
		record.UserID = u.ID
		if err == nil {
			fmt.Fprintf(c.err, done, u.Email)
		}
		return err
	})
}

// tryToChange returns the user as they are now, or as far as they were found.
func (c *cli) tryToChange(cmd *cobra.Command, name string, change func(store, *auth.User) error) (auth.User, error) {
	ctx := cmd.Context()
	store, err := c.openStore(cmd)
	if err != nil {
		return auth.User{}, err
	}
	defer store.Close()
	for range 5 {
		before, err := c.findUser(cmd, store, name)
		if err != nil {
			return auth.User{}, err
		}
		u := before
		if err := change(store, &u); err != nil {
			return before, err
		}
		u.UpdatedAt, u.PasswordEpoch = time.Now(), auth.NextEpoch(before, u)
		if err := store.UpdateUser(ctx, u); errors.Is(err, auth.ErrConflict) {
			continue
		} else if err != nil {
			return before, fmt.Errorf("change %s: %w", name, err)
		}
		if u.Status != auth.StatusReady || u.PasswordEpoch != before.PasswordEpoch {
			if err := store.EndSessions(ctx, u.ID, ""); err != nil {
				return u, fmt.Errorf("%s is changed, but their sessions are not ended: do it again: %w", name, err)
			}
		}
		return u, nil
	}
	return auth.User{}, told{fmt.Errorf("%s was changed by others all the time; try again", name), auth.ErrConflict}
}

// openUser opens the store and finds the user in it; the caller closes the store.
func (c *cli) openUser(cmd *cobra.Command, name string) (store, auth.User, error) {
	store, err := c.openStore(cmd)
	if err != nil {
		return nil, auth.User{}, err
	}
	u, err := c.findUser(cmd, store, name)
	if err != nil {
		store.Close()
		return nil, auth.User{}, err
	}
	return store, u, nil
}

// findUser takes an e-mail address or an id, which may look like an address too.
func (c *cli) findUser(cmd *cobra.Command, store store, name string) (auth.User, error) {
	u, err := auth.User{}, auth.ErrNotFound
	if id, bad := auth.ParseIdentifier(name); bad == nil {
		u, err = store.UserByIdentifier(cmd.Context(), id)
	}
	if errors.Is(err, auth.ErrNotFound) && name != "" { // no store has an empty key
		u, err = store.UserByID(cmd.Context(), name)
	}
	if errors.Is(err, auth.ErrNotFound) {
		return auth.User{}, told{fmt.Errorf("there is no user %s in %s", name, c.setting(cmd, app.Prefix+"STORE")), auth.ErrNotFound}
	}
	if err != nil {
		return auth.User{}, fmt.Errorf("look up %s: %w", name, err)
	}
	return u, nil
}
