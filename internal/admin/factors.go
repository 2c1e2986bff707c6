package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/auth"
)

// FactorFacts are a user's second factors, without their secrets, and what their use has left.
type FactorFacts struct {
	Factors        []FactorFact `json:"factors"` // authenticator apps before passkeys
	RecoveryCodes  int          `json:"recoveryCodes"`
	Devices        int          `json:"devices"`                  // remembered ones, in which no factor is asked for
	WrongCodes     int64        `json:"wrongCodes"`               // since the last right one
	CodesWaitUntil *time.Time   `json:"codesWaitUntil,omitempty"` // no code but a recovery code is accepted before
}

// FactorFact is what an operator may see of one second factor: its kind, name and times, and nothing secret.
type FactorFact struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"` // totp or passkey
	Name       string     `json:"name,omitempty"`
	CreatedAt  time.Time  `json:"createdAt"`
	LastUsedAt *time.Time `json:"lastUsedAt,omitempty"`
}

// Factors returns the second factors, remaining recovery codes, wrong codes and devices of the user with this id or
// address.
func (a *Admin) Factors(ctx context.Context, name string) (facts FactorFacts, err error) {
	err = a.WithStore(ctx, func(store Store) error {
		u, err := a.findUser(ctx, store, name)
		if err != nil {
			return err
		}
		state, err := store.FactorState(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("read the factors of %s: %w", u.Email, err)
		}
		devices, err := auth.NewSessions(auth.Config{Store: store, Now: a.Now}).Devices(ctx, u)
		if err != nil {
			return fmt.Errorf("read the devices of %s: %w", u.Email, err)
		}
		facts = a.factorFacts(u, state)
		facts.Devices = len(devices)
		return nil
	})
	return facts, err
}

// CountFactors returns how many users have a second factor. It reads all users.
func CountFactors(ctx context.Context, store auth.UserBatches) (users int, err error) {
	for u, err := range store.AllUsers(ctx) {
		if err != nil {
			return 0, fmt.Errorf("look for users with second factors: %w", err)
		}
		if u.Factors.Any() {
			users++
		}
	}
	return users, nil
}

func (a *Admin) factorFacts(u auth.User, state auth.FactorState) FactorFacts {
	facts := FactorFacts{Factors: []FactorFact{}, RecoveryCodes: len(state.Recovery), WrongCodes: state.Codes.Wrong}
	if state.Codes.BlockedUntil.After(a.Now()) {
		facts.CodesWaitUntil = &state.Codes.BlockedUntil
	}
	add := func(kind, id, name string, created time.Time) {
		fact := FactorFact{ID: id, Kind: kind, Name: name, CreatedAt: created.UTC()}
		if at := state.Uses[id].At; !at.IsZero() {
			at = at.UTC()
			fact.LastUsedAt = &at
		}
		facts.Factors = append(facts.Factors, fact)
	}
	for _, t := range u.Factors.TOTP {
		add("totp", t.ID, t.Name, t.CreatedAt)
	}
	for _, p := range u.Factors.Passkeys {
		add("passkey", p.ID, p.Name, p.CreatedAt)
	}
	return facts
}

// ResetFactors removes all second factors, recovery codes and remembered devices of the user, and returns how many
// factors there were.
func (a *Admin) ResetFactors(ctx context.Context, name string) (u auth.User, removed int, err error) {
	// The user then signs in with only the password, or sets up a new factor if the role needs one.
	err = a.change(ctx, auth.EventUserFactors, func(store Store, record *auth.AuditRecord) (err error) {
		for range maxTries {
			if u, err = a.findUser(ctx, store, name); err != nil {
				return err
			}
			record.UserID = u.ID
			removed = len(u.Factors.TOTP) + len(u.Factors.Passkeys)
			err = store.SetFactors(ctx, u.ID, u.Version, auth.Factors{Handle: u.Factors.Handle}, []string{})
			if errors.Is(err, auth.ErrConflict) {
				continue
			}
			if err == nil {
				err = errors.Join(store.ClearWrongCodes(ctx, u.ID), store.EndDevices(ctx, u.ID))
			}
			if err != nil {
				return fmt.Errorf("remove the factors of %s: %w", u.Email, err)
			}
			if removed > 0 {
				a.tellUser(ctx, store, auth.MessageFactorRemoved, u)
			}
			return nil
		}
		return explain(auth.ErrConflict, "%s was changed by others each time; try again", name)
	})
	return u, removed, err
}
