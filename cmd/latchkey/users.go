package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
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

// changeUser reads, changes and writes one user, again where somebody else wrote between, and ends the
// sessions of a user who may not go on with them.
func (c *cli) changeUser(cmd *cobra.Command, event auth.Event, name string, change func(store, *auth.User) error, done string) error {
	return c.audited(cmd, event, func(record *auth.AuditRecord) error {
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
