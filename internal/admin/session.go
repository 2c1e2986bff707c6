package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/internal/auth"
)

// Sessions returns the live sessions of the user with this id or address, the newest first. An unknown user is
// auth.ErrNotFound.
func (a *Admin) Sessions(ctx context.Context, name string) (live []auth.Session, err error) {
	err = a.WithStore(ctx, func(store Store) error {
		u, err := a.findUser(ctx, store, name)
		if err != nil {
			return err
		}
		live, err = liveSessions(ctx, store, u)
		return err
	})
	return live, err
}

// SignOut ends all sessions of the user, forgets the sources that they are known at, and returns how many were live.
func (a *Admin) SignOut(ctx context.Context, name string) (u auth.User, ended int, err error) {
	return a.signOut(ctx, name, func(store Store, u auth.User, _ *auth.AuditRecord) (int, error) {
		live, err := liveSessions(ctx, store, u)
		if err != nil {
			return 0, err
		}
		if err := a.endSessions(ctx, store, u); err != nil {
			return len(live), err
		}
		if len(live) > 0 {
			a.tellUser(ctx, store, auth.MessageSessionsEnded, u)
		}
		return len(live), nil
	})
}

// EndSession ends the one live session of the user that has the id.
func (a *Admin) EndSession(ctx context.Context, name, sessionID string) (u auth.User, ended int, err error) {
	return a.signOut(ctx, name, func(store Store, u auth.User, record *auth.AuditRecord) (int, error) {
		live, err := liveSessions(ctx, store, u)
		if err != nil {
			return 0, err
		}
		i := slices.IndexFunc(live, func(s auth.Session) bool { return s.ID == sessionID })
		if i < 0 {
			return 0, explain(auth.ErrNotFound, "%s has no such session; 'latchkey users sessions' lists them", u.Email)
		}
		record.SessionID = sessionID
		return 1, errors.Join(auth.EndSession(ctx, store, live[i]), a.ForgetSources(ctx, store, u))
	})
}

func (a *Admin) signOut(ctx context.Context, name string, end func(Store, auth.User, *auth.AuditRecord) (int, error)) (u auth.User, ended int, err error) {
	err = a.change(ctx, auth.EventUserSignOut, func(store Store, record *auth.AuditRecord) (err error) {
		if u, err = a.findUser(ctx, store, name); err != nil {
			return err
		}
		record.UserID = u.ID
		ended, err = end(store, u, record)
		if err != nil && record.SessionID == "" {
			return err
		}
		if err != nil {
			return fmt.Errorf("the sessions of %s have not all ended: run the same command again: %w", u.Email, err)
		}
		return nil
	})
	return u, ended, err
}

// liveSessions are those that the user would see; an expired one may still be stored.
func liveSessions(ctx context.Context, store Store, u auth.User) (live []auth.Session, err error) {
	sessions := auth.NewSessions(auth.Config{Store: store})
	for cursor := ""; ; {
		page, next, err := sessions.List(ctx, u, cursor)
		if err != nil {
			return nil, err
		}
		if live = append(live, page...); next == "" {
			return live, nil
		}
		cursor = next
	}
}
