package bulk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/userfile"
)

// Seeds opens and seals the seeds of authenticator apps under the key ring. Errors of a ring that cannot be read wrap
// auth.ErrUnavailable; no error quotes a seed.
type Seeds interface {
	// KeyID names the key that seeds are sealed under.
	KeyID(ctx context.Context) (string, error)
	// Open returns the user's seed in base32.
	Open(ctx context.Context, userID string, sealed []byte) (secret string, err error)
	// Seal returns the seed, in base32, as a store keeps it for the user.
	Seal(ctx context.Context, userID, secret string) (sealed []byte, err error)
}

// ExportedFactors says what an export writes of second factors: the sealed seeds, seeds that any system can read, or
// nothing.
type ExportedFactors int

// The three ways.
const (
	SealFactors  ExportedFactors = iota // as they are stored: only a deployment with the same key ring can import them
	OpenFactors                         // seeds in base32, for another deployment
	LeaveFactors                        // not at all
)

// line returns the user's line, with what Factors asks for.
func (e *Export) line(ctx context.Context, u auth.User) ([]byte, error) {
	if !u.Factors.Any() || e.Factors == LeaveFactors {
		return userfile.Encode(u)
	}
	sealed := userfile.Factors{Factors: u.Factors}
	var open []string
	var err error
	switch {
	case len(u.Factors.TOTP) == 0:
	case e.Factors == OpenFactors:
		sealed.TOTP = nil
		open, err = e.open(ctx, u)
	default:
		sealed.Key, err = e.Seeds.KeyID(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("the second factors of %s; --without-factors leaves them out: %w", u.Email, err)
	}
	if !sealed.Any() {
		return userfile.EncodeFactors(u, nil, open)
	}
	return userfile.EncodeFactors(u, &sealed, open)
}

func (e *Export) open(ctx context.Context, u auth.User) (secrets []string, err error) {
	for _, t := range u.Factors.TOTP {
		secret, err := e.Seeds.Open(ctx, u.ID, t.Sealed)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// factors returns the second factors of a line for a new user, or why they cannot be taken.
func (i *Import) factors(ctx context.Context, e userfile.Entry) (f auth.Factors, err error) {
	if i.WithoutFactors {
		return auth.Factors{}, nil
	}
	if e.Factors != nil {
		f = e.Factors.Factors
		if err := i.checkSealed(ctx, e); err != nil {
			return auth.Factors{}, err
		}
	}
	for _, secret := range e.Secrets {
		sealed, err := i.Seeds.Seal(ctx, e.User.ID, secret)
		if err != nil {
			return auth.Factors{}, fmt.Errorf("totpSecret: %w", err)
		}
		f.TOTP = append(f.TOTP, auth.TOTP{ID: auth.NewUserID(), Sealed: sealed, CreatedAt: i.Now().UTC().Truncate(time.Millisecond)})
	}
	if err := f.Validate(); err != nil {
		return auth.Factors{}, fmt.Errorf("totpSecret: %w", err)
	}
	return f, nil
}

const withoutFactors = "--without-factors imports the user without them"

// checkSealed refuses factors that would not work here.
func (i *Import) checkSealed(ctx context.Context, e userfile.Entry) error {
	for _, p := range e.Factors.Passkeys {
		if p.RelyingParty != i.RelyingParty {
			return fmt.Errorf("the passkeys are for %q, and PASSKEY_RP is %q here; %s", p.RelyingParty, i.RelyingParty, withoutFactors)
		}
	}
	if len(e.Factors.TOTP) == 0 {
		return nil
	}
	key, err := i.Seeds.KeyID(ctx)
	if err != nil {
		return fmt.Errorf("open the second factors: %w", err)
	}
	if key != e.Factors.Key {
		return fmt.Errorf("the second factors are sealed under another key ring; 'users export --open-factors' moves them, and %s", withoutFactors)
	}
	for _, t := range e.Factors.TOTP {
		if _, err := i.Seeds.Open(ctx, e.User.ID, t.Sealed); errors.Is(err, auth.ErrUnavailable) {
			return fmt.Errorf("open the second factors: %w", err)
		} else if err != nil {
			return errors.New("a second factor does not open: it was sealed for another user id, or changed; " + withoutFactors)
		}
	}
	return nil
}
