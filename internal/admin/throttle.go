package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

// Unlock forgets the failed sign-ins of an address, or of the user with an id, and the user's wrong codes. Known sources stay
// known.
func (a *Admin) Unlock(ctx context.Context, name string) error {
	return a.change(ctx, auth.EventUserUnlock, func(store Store, record *auth.AuditRecord) error {
		id, bad := auth.ParseIdentifier(name)
		if bad != nil {
			u, err := a.findUser(ctx, store, name)
			if err != nil {
				return err
			}
			id, record.UserID = u.Identifier, u.ID
		}
		hashes, err := a.hashIdentifier(ctx, id)
		if err != nil {
			return err
		}
		record.IdentifierHash = hashes.audited
		if err := store.ForgetAttempts(ctx, hashes.counted); err != nil {
			return fmt.Errorf("forget the failed sign-ins of %s: %w", name, err)
		}
		return clearWrongCodes(ctx, store, id)
	})
}

// clearWrongCodes does nothing for an address without a user.
func clearWrongCodes(ctx context.Context, store Store, id auth.Identifier) error {
	u, err := store.UserByIdentifier(ctx, id)
	if err == nil {
		err = store.ClearWrongCodes(ctx, u.ID)
	}
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return fmt.Errorf("forget the wrong codes of %s: %w", id, err)
	}
	return nil
}

// ForgetSources makes every source unknown to the user again: a thief's may be among them. Without the key ring the
// sources cannot be named, and stay known: Warn is told.
func (a *Admin) ForgetSources(ctx context.Context, store auth.AttemptRecords, u auth.User) error {
	hashes, err := a.hashIdentifier(ctx, u.Identifier)
	switch {
	case errors.Is(err, keyring.ErrNoRing): // without a ring, no user has signed in
		return nil
	case err != nil:
		a.Warn(fmt.Errorf("the sources that %s signed in from stay known: %w", u.Email, err))
		return nil
	}
	if err := store.ForgetSources(ctx, hashes.counted); err != nil {
		return fmt.Errorf("forget the sources that %s signed in from: %w", u.Email, err)
	}
	return nil
}

// identifierHashes stand for an identifier in the names of counters and in audit records.
type identifierHashes struct{ counted, audited string }

func (a *Admin) hashIdentifier(ctx context.Context, id auth.Identifier) (identifierHashes, error) {
	names, err := auth.NewAttemptKeys(ctx, a.Keys, id, auth.Source{})
	if err != nil {
		return identifierHashes{}, fmt.Errorf("the counters are named with the key ring in %s, which cannot be read: %w", a.RingName, err)
	}
	audited, err := auth.IdentifierHash(ctx, a.Keys, id)
	return identifierHashes{names.User, audited}, err
}

// ThrottleFacts say how far a user's failed sign-ins keep people waiting.
type ThrottleFacts struct {
	Failures       int64      `json:"failures"`                // over all sources, in the present window
	StrangersWait  *time.Time `json:"strangersWait,omitempty"` // until when unknown sources are refused
	WaitingSources int        `json:"waitingSources"`          // sources in a back-off of their own
	KnownSources   int        `json:"knownSources"`            // sources from which the user signed in lately
}

func (a *Admin) throttleFacts(ctx context.Context, store Store, user string) (*ThrottleFacts, error) {
	window, pairs, err := store.UserAttempts(ctx, user)
	if err != nil {
		return nil, fmt.Errorf("read the failed sign-ins: %w", err)
	}
	now := a.Now()
	var facts ThrottleFacts
	if now.Before(window.ExpiresAt) {
		facts.Failures = window.Failures
	}
	if a.Throttle.Throttled(auth.Counters{User: window}, now) > 0 {
		facts.StrangersWait = &window.ExpiresAt
	}
	for _, pair := range pairs {
		if a.Throttle.Throttled(auth.Counters{Pair: pair}, now) > 0 {
			facts.WaitingSources++
		}
		if now.Before(pair.KnownUntil) {
			facts.KnownSources++
		}
	}
	return &facts, nil
}
