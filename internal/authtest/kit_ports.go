package authtest

import (
	"context"
	"time"

	"latchkey/internal/auth"
)

// ringDocument is a token.Source that never changes.
type ringDocument []byte

func (d ringDocument) Get(context.Context) ([]byte, error)     { return d, nil }
func (d ringDocument) Refresh(context.Context) ([]byte, error) { return d, nil }

type kitStore struct {
	Store
	k *Kit
}

func (s kitStore) LookUp(ctx context.Context, q auth.LookupQuery) (auth.LookupResult, error) {
	if err := s.k.called("LookUp"); err != nil {
		return auth.LookupResult{}, err
	}
	return s.Store.LookUp(ctx, q)
}

func (s kitStore) UserByID(ctx context.Context, userID string) (auth.User, error) {
	if err := s.k.called("UserByID"); err != nil {
		return auth.User{}, err
	}
	return s.Store.UserByID(ctx, userID)
}

func (s kitStore) PutSession(ctx context.Context, v auth.Session) error {
	if err := s.k.called("PutSession"); err != nil {
		return err
	}
	return s.Store.PutSession(ctx, v)
}

func (s kitStore) ReplaceHash(ctx context.Context, userID, old, new string) error {
	if err := s.k.called("ReplaceHash"); err != nil {
		return err
	}
	return s.Store.ReplaceHash(ctx, userID, old, new)
}

type kitTries struct{ k *Kit }

func (s kitTries) CountAttempt(ctx context.Context, keys auth.AttemptKeys, seen, next auth.Pair, free int64) error {
	if err := s.k.called("CountAttempt"); err != nil {
		return err
	}
	return s.k.Store.CountAttempt(ctx, keys, seen, next, free)
}

func (s kitTries) UndoAttempt(ctx context.Context, keys auth.AttemptKeys, counted, seen auth.Pair) error {
	if err := s.k.called("UndoAttempt"); err != nil {
		return err
	}
	return s.k.Store.UndoAttempt(ctx, keys, counted, seen)
}

func (s kitTries) ClearAttempts(ctx context.Context, keys auth.AttemptKeys, knownUntil time.Time) error {
	if err := s.k.called("ClearAttempts"); err != nil {
		return err
	}
	return s.k.Store.ClearAttempts(ctx, keys, knownUntil)
}

// CountFailure is two calls to a test, by which of the windows it counts in.
func (s kitTries) CountFailure(ctx context.Context, keys auth.AttemptKeys, seen, next auth.Window) error {
	of := "CountFailure of the user"
	if keys.User == "" {
		of = "CountFailure of the source"
	}
	if err := s.k.called(of); err != nil {
		return err
	}
	return s.k.Store.CountFailure(ctx, keys, seen, next)
}

type kitPasswords struct{ k *Kit }

func (p kitPasswords) Verify(ctx context.Context, stored, password string) (match, outdated bool, err error) {
	if err := p.k.called("Verify"); err != nil {
		return false, false, err
	}
	return p.k.Hasher.Verify(ctx, stored, password)
}

func (p kitPasswords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.k.called("Hash"); err != nil {
		return "", err
	}
	return p.k.Hasher.Hash(ctx, password)
}

type kitKeys struct{ k *Kit }

func (y kitKeys) Sign(ctx context.Context, c auth.Claims) (token, keyID string, err error) {
	if err := y.k.called("Sign"); err != nil {
		return "", "", err
	}
	return y.k.Keyring.Sign(ctx, c)
}

func (y kitKeys) MAC(ctx context.Context, label string, parts ...string) ([]byte, error) {
	if err := y.k.called("MAC"); err != nil {
		return nil, err
	}
	return y.k.Keyring.MAC(ctx, label, parts...)
}
