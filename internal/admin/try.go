package admin

import (
	"context"
	"fmt"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

// Trial is what trying a password against a hash shows; it holds nothing secret.
type Trial struct {
	Email   string      `json:"email,omitempty"`
	Status  auth.Status `json:"status,omitempty"` // of a stored user
	Hash    string      `json:"hash"`             // scheme and parameters
	Matches bool        `json:"matches"`
	Renewed bool        `json:"renewed"`       // a sign-in would renew the hash
	Why     string      `json:"why,omitempty"` // it does not match, if that can be known
}

// TryPassword tries the password that ask returns, once the user is found, against the stored hash. Nothing is counted or changed.
func (a *Admin) TryPassword(ctx context.Context, hasher *password.Hasher, name string, ask func(context.Context) (string, error)) (trial Trial, err error) {
	err = a.WithStore(ctx, func(store Store) error {
		u, err := a.findUser(ctx, store, name)
		if err != nil {
			return err
		}
		if u.PasswordHash == "" {
			return fmt.Errorf("%s has no password; the status is %s", u.Email, u.Status)
		}
		plain, err := ask(ctx)
		if err != nil {
			return err
		}
		if trial, err = TryHash(ctx, hasher, u.PasswordHash, plain); err != nil {
			return err
		}
		trial.Email, trial.Status = u.Email, u.Status
		return nil
	})
	return trial, err
}

// TryHash tries the password against a hash as an import would store it. The error says why an import would refuse the hash.
func TryHash(ctx context.Context, hasher *password.Hasher, hash, plain string) (trial Trial, err error) {
	stored, err := password.Import(hash)
	if err != nil {
		return Trial{}, err
	}
	if trial.Hash, err = password.Describe(stored); err != nil {
		return Trial{}, err
	}
	if trial.Matches, trial.Renewed, err = hasher.Verify(ctx, stored, plain); err != nil || trial.Matches {
		return trial, err
	}
	trial.Why, err = hasher.ExplainMismatch(ctx, stored, plain)
	return trial, err
}
