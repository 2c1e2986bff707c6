package admin

import (
	"cmp"
	"context"
	"errors"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

// InitKeys stores a first key ring, or publishes one that is stored and not published; a ring that needs neither is
// auth.ErrConflict.
func (a *Admin) InitKeys(ctx context.Context, confirm func(users int) error) (*keyring.Ring, keyring.Outcome, error) {
	// If users have second factors, a ring was lost, and confirm is asked first: a new MAC key cannot open their seeds.
	return a.changeRing(ctx, auth.EventKeyInit, "", func(c keyring.Changer) (*keyring.Ring, keyring.Outcome, error) {
		if err := a.confirmNewRing(ctx, c, confirm); err != nil {
			return nil, keyring.Left, err
		}
		ring, outcome, err := c.Init(ctx)
		if err == nil && outcome == keyring.Left {
			return nil, outcome, explain(auth.ErrConflict, "%s holds a key ring already; it was left alone", a.RingName)
		}
		return ring, outcome, err
	})
}

func (a *Admin) confirmNewRing(ctx context.Context, c keyring.Changer, confirm func(users int) error) error {
	if _, _, err := keyring.Load(ctx, c.Place); !errors.Is(err, keyring.ErrNoRing) {
		return nil // Init says what is wrong, if anything is
	}
	users := 0
	err := a.WithStore(ctx, func(store Store) (err error) {
		users, err = CountFactors(ctx, store)
		return err
	})
	switch {
	case errors.Is(err, auth.ErrNotFound): // no store yet
		return nil
	case err != nil || users == 0:
		return err
	}
	return confirm(users)
}

// RotateKeys takes the key ring a step on; now does it although verifiers had no time to learn the next key.
func (a *Admin) RotateKeys(ctx context.Context, now bool) (*keyring.Ring, keyring.Outcome, error) {
	return a.changeRing(ctx, auth.EventKeyRotate, "", func(c keyring.Changer) (*keyring.Ring, keyring.Outcome, error) {
		ring, outcome, err := c.Rotate(ctx, now)
		if err == nil && outcome == keyring.Left {
			return nil, outcome, explain(auth.ErrConflict, "too soon: the next key signs from %s on, when others had time to learn it; the ring was left alone",
				ring.RotatesFrom().UTC().Format(time.RFC3339))
		}
		return ring, outcome, err
	})
}

// RevokeKey takes the key out of the ring and of what is published, at once.
func (a *Admin) RevokeKey(ctx context.Context, keyID string) (*keyring.Ring, keyring.Outcome, error) {
	return a.changeRing(ctx, auth.EventKeyRevoke, keyID, func(c keyring.Changer) (*keyring.Ring, keyring.Outcome, error) {
		return c.Revoke(ctx, keyID)
	})
}

// changeRing is Audited over the open ring. The record names the key, the current one unless another is meant, but only if the
// ring had it: anything may have been typed. After an error the ring is not nil if it was changed.
func (a *Admin) changeRing(ctx context.Context, event auth.Event, keyID string, act func(keyring.Changer) (*keyring.Ring, keyring.Outcome, error)) (ring *keyring.Ring, outcome keyring.Outcome, err error) {
	err = a.Audited(ctx, event, func(record *auth.AuditRecord) error {
		changer, opened, err := a.OpenRing(ctx)
		if err != nil {
			return err
		}
		defer opened.Close()
		ring, outcome, err = act(changer)
		if ring != nil {
			current, _ := ring.Current()
			record.KeyID = cmp.Or(keyID, current.ID)
		}
		return a.explainRing(err, keyID)
	})
	return ring, outcome, err
}

func (a *Admin) explainRing(err error, keyID string) error {
	switch {
	case errors.Is(err, keyring.ErrNoRing):
		return explain(auth.ErrNotFound, "%s holds no key ring yet; 'latchkey keys init' makes one", a.RingName)
	case errors.Is(err, keyring.ErrUnknownKey):
		return explain(auth.ErrNotFound, "the ring in %s has no key %q; 'latchkey keys list' shows them", a.RingName, keyID)
	case errors.Is(err, keyring.ErrChanged):
		return explain(auth.ErrConflict, "%v", err)
	}
	return err
}
