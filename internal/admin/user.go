package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/internal/auth"
)

// NewHash asks for a password for the user and returns its hash, and whether the password is on a list of common ones.
type NewHash func(ctx context.Context, u auth.User) (hash string, listed bool, err error)

// AddUser creates the user with the hash that newHash returns; it is asked only if the address is free.
func (a *Admin) AddUser(ctx context.Context, u auth.User, newHash NewHash) error {
	return a.create(ctx, auth.EventUserAdd, func(store Store, record *auth.AuditRecord) error {
		taken := explain(auth.ErrConflict, "%s already exists; see 'latchkey users show %[1]s'", u.Email)
		_, err := store.UserByIdentifier(ctx, u.Identifier)
		switch {
		case err == nil:
			return taken
		case !errors.Is(err, auth.ErrNotFound):
			return fmt.Errorf("look up %s: %w", u.Email, err)
		}
		if u.PasswordHash, record.Listed, err = newHash(ctx, u); err != nil {
			return err
		}
		err = store.CreateUser(ctx, auth.NewUser(u, a.Now()))
		switch {
		case errors.Is(err, auth.ErrConflict): // added while the password was typed
			return taken
		case err != nil:
			return fmt.Errorf("add %s: %w", u.Email, err)
		}
		record.UserID = u.ID
		return nil
	})
}

// SetPassword stores the hash that newHash returns, asked once and only if the user is found, and ends the user's sessions.
func (a *Admin) SetPassword(ctx context.Context, name string, newHash NewHash) (auth.User, error) {
	hash, listed := "", false
	return a.changeUser(ctx, auth.EventUserPassword, name, func(_ Store, record *auth.AuditRecord, u *auth.User) (err error) {
		if hash == "" {
			if hash, listed, err = newHash(ctx, *u); err != nil {
				return err
			}
		}
		u.PasswordHash, record.Listed = hash, listed
		return nil
	}, func(store Store, u auth.User) error {
		a.tellUser(ctx, store, auth.MessagePasswordChanged, u)
		return nil
	})
}

// EnableUser lets the user sign in, who must have a password.
func (a *Admin) EnableUser(ctx context.Context, name string) (auth.User, error) {
	return a.changeUser(ctx, auth.EventUserEnable, name, func(_ Store, _ *auth.AuditRecord, u *auth.User) error {
		if u.PasswordHash == "" {
			return fmt.Errorf("%s has no password yet; 'latchkey users set-password %[1]s' sets one", u.Email)
		}
		u.Status = auth.StatusReady
		return nil
	})
}

// DisableUser keeps the user from signing in and ends their sessions.
func (a *Admin) DisableUser(ctx context.Context, name string) (auth.User, error) {
	return a.changeUser(ctx, auth.EventUserDisable, name, func(_ Store, _ *auth.AuditRecord, u *auth.User) error {
		u.Status = auth.StatusDisabled
		return nil
	})
}

// UpdateUser stores what patch makes of the user, and ends their sessions if endSessions is set. An address that another
// user has is refused. Stale reports whether tokens that were issued before show another role or organization.
func (a *Admin) UpdateUser(ctx context.Context, name string, endSessions bool, patch func(auth.User) (auth.User, error)) (u auth.User, stale bool, err error) {
	u, err = a.changeUser(ctx, auth.EventUserUpdate, name, func(store Store, _ *auth.AuditRecord, u *auth.User) error {
		changed, err := patch(*u)
		if err != nil {
			return err
		}
		other, err := store.UserByIdentifier(ctx, changed.Identifier) // the store would only say that something is taken
		switch {
		case err == nil && other.ID != changed.ID:
			return explain(auth.ErrConflict, "%s is the address of another user, %s", changed.Email, other.ID)
		case err != nil && !errors.Is(err, auth.ErrNotFound):
			return fmt.Errorf("look up %s: %w", changed.Email, err)
		}
		stale = changed.Role != u.Role || !slices.Equal(changed.Accounts, u.Accounts)
		*u = changed
		return nil
	}, func(store Store, u auth.User) error {
		if !endSessions {
			return nil
		}
		return store.EndSessions(ctx, u.ID, "")
	})
	return u, stale, err
}

// editUser changes the user, and may add to the audit record.
type editUser func(Store, *auth.AuditRecord, *auth.User) error

// maxTries bounds how often a change starts over while others change the same user.
const maxTries = 5

// changeUser reads, changes and writes one user, again if someone else wrote in between, and ends the sessions of a
// user who may not go on with them. It returns the user as stored now, or as far as they were found.
// What is to be done with the stored user follows in after.
func (a *Admin) changeUser(ctx context.Context, event auth.Event, name string, edit editUser, after ...func(Store, auth.User) error) (u auth.User, err error) {
	err = a.change(ctx, event, func(store Store, record *auth.AuditRecord) (err error) {
		for range maxTries {
			u, err = a.editOnce(ctx, store, record, name, edit)
			record.UserID = u.ID
			if errors.Is(err, errRace) {
				continue
			}
			for _, do := range after {
				if err == nil {
					err = do(store, u)
				}
			}
			return err
		}
		record.UserID = ""
		return explain(auth.ErrConflict, "%s was changed by others each time; try again", name)
	})
	return u, err
}

// errRace is a write that lost against another one.
var errRace = errors.New("changed meanwhile")

func (a *Admin) editOnce(ctx context.Context, store Store, record *auth.AuditRecord, name string, edit editUser) (auth.User, error) {
	before, err := a.findUser(ctx, store, name)
	if err != nil {
		return auth.User{}, err
	}
	u := before
	if err := edit(store, record, &u); err != nil {
		return before, err
	}
	u = before.Changed(u, a.Now())
	if err := store.UpdateUser(ctx, u); errors.Is(err, auth.ErrConflict) {
		return before, errRace
	} else if err != nil {
		return before, fmt.Errorf("change %s: %w", name, err)
	}
	if u.EndsSessions(before) {
		if err := a.endSessions(ctx, store, u); err != nil {
			return u, fmt.Errorf("%s is changed, but their sessions have not ended: run the same command again: %w", name, err)
		}
	}
	return u, nil
}

// endSessions ends the user's sessions and forgets the sources that they are known at: one may be a thief's.
func (a *Admin) endSessions(ctx context.Context, store Store, u auth.User) error {
	return errors.Join(store.EndSessions(ctx, u.ID, ""), a.ForgetSources(ctx, store, u))
}

// DeleteUser deletes the user and ends their sessions, if confirm returns no error.
func (a *Admin) DeleteUser(ctx context.Context, name string, confirm func(auth.User) error) (u auth.User, err error) {
	err = a.change(ctx, auth.EventUserDelete, func(store Store, record *auth.AuditRecord) (err error) {
		if u, err = a.findUser(ctx, store, name); err != nil {
			return err
		}
		record.UserID = u.ID
		if err := confirm(u); err != nil {
			return err
		}
		if err := store.DeleteUser(ctx, u.ID); err != nil {
			return fmt.Errorf("delete %s: run the same command again: %w", u.Email, err)
		}
		return nil
	})
	return u, err
}

// findUser takes an e-mail address or an id, which may look like an address too.
func (a *Admin) findUser(ctx context.Context, store Store, name string) (auth.User, error) {
	u, err := auth.User{}, auth.ErrNotFound
	if id, bad := auth.ParseIdentifier(name); bad == nil {
		u, err = store.UserByIdentifier(ctx, id)
	}
	if errors.Is(err, auth.ErrNotFound) && name != "" { // no store has an empty key
		u, err = store.UserByID(ctx, name)
	}
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return auth.User{}, explain(auth.ErrNotFound, "there is no user %s in %s", name, a.StoreName)
	case err != nil:
		return auth.User{}, fmt.Errorf("look up %s: %w", name, err)
	}
	return u, nil
}
