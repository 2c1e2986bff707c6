package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// The refusals of calls about one's own factors.
var (
	// ErrStepUp: the caller has to sign in again, with the factor if they have one (RFC 9470).
	ErrStepUp = errors.New("auth: sign in again first")
	// ErrCode: the code is wrong or was used; it was counted.
	ErrCode = errors.New("auth: wrong code")
	// ErrPending: the id of a new factor is not ours, not this user's, or its time is over.
	ErrPending = errors.New("auth: the new factor has to be started again")
	// ErrLastFactor: the user's role must have a factor, and this is the last one.
	ErrLastFactor = errors.New("auth: the role needs a factor")
	// ErrFactorName: the name is too long or has characters that cannot be shown.
	ErrFactorName = errors.New("auth: bad name of a factor")
)

const (
	stepUpAge       = 5 * time.Minute
	pendingLife     = 10 * time.Minute
	maxFactors      = 10
	maxFactorName   = 64 // characters
	factorIDBytes   = 12
	factorSetRounds = 3
)

// mayManageFactors refuses sessions that may not see or change the user's factors at all: impersonations and integrations.
func (c Caller) mayManageFactors() error {
	if c.Session.ActorID != "" || c.Session.ofIntegration() {
		return refuse(ErrImpersonation, ReasonNotAllowed)
	}
	return nil
}

// mayChangeFactors asks for a sign-in of at most five minutes ago, with a factor if the user has one. An enrollment challenge is
// valid only while the user has none.
func (s *Service) mayChangeFactors(c Caller) error {
	if err := c.mayManageFactors(); err != nil {
		return err
	}
	if c.enrolling != nil {
		if c.User.Factors.Any() {
			return refuse(ErrNoSession, reasonReplayed)
		}
		return nil
	}
	fresh := s.now().Sub(c.Session.AuthenticatedAt()) <= stepUpAge
	if !fresh || c.User.Factors.Any() && !c.Session.provedFactor() {
		return refuse(ErrStepUp, reasonStepUp)
	}
	return nil
}

// OwnFactors returns the caller's factors with their last uses, and how many recovery codes are left.
func (s *Service) OwnFactors(ctx context.Context, c Caller) (Factors, FactorState, error) {
	if err := c.mayManageFactors(); err != nil {
		return Factors{}, FactorState{}, err
	}
	state, err := s.store.FactorState(ctx, c.User.ID)
	if err != nil {
		return Factors{}, FactorState{}, fmt.Errorf("read the factors: %w", err)
	}
	return c.User.Factors, state, nil
}

// PendingTOTP is an authenticator app that is not confirmed yet; nothing of it is stored.
type PendingTOTP struct {
	ID     string // the sealed seed
	Secret string // the seed in base32
}

// BeginTOTP returns a new seed for the caller, to be confirmed within ten minutes.
func (s *Service) BeginTOTP(ctx context.Context, c Caller, name string) (PendingTOTP, error) {
	if err := s.mayChangeFactors(c); err != nil {
		return PendingTOTP{}, err
	}
	if err := checkFactorName(name); err != nil {
		return PendingTOTP{}, err
	}
	sealed, secret, err := s.codes.NewPending(ctx, c.User.ID, name, s.now().Add(pendingLife))
	if err != nil {
		return PendingTOTP{}, fmt.Errorf("make a seed: %w", err)
	}
	return PendingTOTP{ID: base64.RawURLEncoding.EncodeToString(sealed), Secret: secret}, nil
}

func checkFactorName(name string) error {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxFactorName || slices.ContainsFunc([]rune(name), invisible) {
		return refuse(ErrFactorName, reasonMalformed)
	}
	return nil
}

// ConfirmTOTP stores the pending app once its code is right; the code is used up. It returns recovery codes with the user's first
// factor. Confirming twice is ErrConflict.
func (s *Service) ConfirmTOTP(ctx context.Context, c Caller, id, code string, source Source) (recovery []string, err error) {
	record := factorRecord(EventFactorAdd, c, source)
	err = s.auditor.audited(ctx, &record, func() error {
		recovery, err = s.confirmTOTP(ctx, c, id, code)
		return err
	})
	return recovery, err
}

func factorRecord(event Event, c Caller, source Source) AuditRecord {
	return AuditRecord{
		Event: event, UserID: c.User.ID, SessionID: c.Session.ID, ActorID: c.Session.ActorID, Source: source, Contract: sessionContract,
	}
}

func (s *Service) confirmTOTP(ctx context.Context, c Caller, id, code string) ([]string, error) {
	if err := c.mayManageFactors(); err != nil {
		return nil, err
	}
	pending, errID := base64.RawURLEncoding.Strict().DecodeString(id)
	factorID := idOfFactor(pending)
	// A client that lost the answer repeats the call with its session, which did not prove the factor that it has just set up.
	if slices.ContainsFunc(c.User.Factors.TOTP, func(t TOTP) bool { return t.ID == factorID }) {
		return nil, refuse(ErrConflict, reasonReplayed)
	}
	if err := s.mayChangeFactors(c); err != nil {
		return nil, err
	}
	if errID != nil {
		return nil, refuse(ErrPending, reasonMalformed)
	}
	now := s.now()
	sealed, name, step, err := s.codes.Confirm(ctx, c.User.ID, pending, code, now)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, refuse(ErrPending, reasonExpired)
	case err != nil:
		return nil, fmt.Errorf("confirm the app: %w", err)
	case step == 0:
		return nil, asCode(s.wrongCode(ctx, c.User, CodeCount{}))
	}
	count, err := s.store.UseStep(ctx, c.User.ID, factorID, step, now)
	if errors.Is(err, ErrConflict) {
		return nil, asCode(s.wrongCode(ctx, c.User, count))
	}
	if err != nil {
		return nil, fmt.Errorf("use the code: %w", err)
	}
	return s.addFactor(ctx, c, func(f *Factors) error {
		f.TOTP = append(f.TOTP, TOTP{ID: factorID, Name: name, Sealed: sealed, CreatedAt: now.UTC().Truncate(time.Millisecond)})
		return nil
	})
}

// asCode turns the refusal of a sign-in's wrong code into that of a call by a user who is signed in.
func asCode(err error) error {
	if errors.Is(err, ErrBadCredentials) {
		return refuse(ErrCode, reasonWrongCode)
	}
	return err
}

func idOfFactor(secret []byte) string {
	sum := sha256.Sum256(secret)
	return hex.EncodeToString(sum[:factorIDBytes])
}

// addFactor changes the factors by add, on the user as they are stored, and makes recovery codes with the first. Each round asks
// again whether the caller may: of two first factors at once, the second needs a proof of the first.
func (s *Service) addFactor(ctx context.Context, c Caller, add func(*Factors) error) (recovery []string, err error) {
	if c.enrolling != nil {
		if err := c.enrolling.tryGate(ctx); err != nil {
			return nil, err
		}
	}
	for range factorSetRounds {
		if err := s.mayChangeFactors(c); err != nil {
			return nil, err
		}
		factors, macs := c.User.Factors, []string(nil)
		recovery = nil
		if !factors.Any() {
			if recovery, macs, err = s.newRecovery(ctx, c.User.ID); err != nil {
				return nil, err
			}
		}
		if len(factors.TOTP)+len(factors.Passkeys) >= maxFactors {
			return nil, refuse(ErrConflict, reasonTooMany)
		}
		factors.TOTP, factors.Passkeys = slices.Clone(factors.TOTP), slices.Clone(factors.Passkeys)
		if err := add(&factors); err != nil {
			return nil, err
		}
		err = s.store.SetFactors(ctx, c.User.ID, c.User.Version, factors, macs)
		if !errors.Is(err, ErrConflict) {
			break
		}
		if c.User, err = s.store.UserByID(ctx, c.User.ID); err != nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("store the factor: %w", err)
	}
	s.notify(ctx, MessageFactorAdded, c.User.ID)
	return recovery, nil
}

// newRecovery returns new recovery codes and what is stored of them.
func (s *Service) newRecovery(ctx context.Context, userID string) (codes, macs []string, err error) {
	if codes, err = s.codes.NewRecovery(); err != nil {
		return nil, nil, err
	}
	for _, code := range codes {
		_, plain := s.codes.Parse(code)
		mac, err := s.recoveryMAC(ctx, userID, plain)
		if err != nil {
			return nil, nil, err
		}
		macs = append(macs, mac)
	}
	return codes, macs, nil
}

// ReplaceRecovery returns new recovery codes; the old ones stop working. Without a factor there is nothing to recover: ErrConflict.
func (s *Service) ReplaceRecovery(ctx context.Context, c Caller, source Source) (codes []string, err error) {
	record := factorRecord(EventRecoveryReplace, c, source)
	err = s.auditor.audited(ctx, &record, func() error {
		if err := s.mayChangeFactors(c); err != nil {
			return err
		}
		if !c.User.Factors.Any() {
			return refuse(ErrConflict, reasonFactorMissing)
		}
		var macs []string
		if codes, macs, err = s.newRecovery(ctx, c.User.ID); err != nil {
			return err
		}
		return s.setFactors(ctx, c.User, c.User.Factors, macs)
	})
	return codes, err
}

// setFactors stores factors that were made from the user as read; a user who changed meanwhile is our fault to retry.
func (s *Service) setFactors(ctx context.Context, u User, f Factors, recovery []string) error {
	err := s.store.SetFactors(ctx, u.ID, u.Version, f, recovery)
	if errors.Is(err, ErrConflict) {
		return fmt.Errorf("store the factors: %w: the user changed at the same time", ErrUnavailable)
	}
	if err != nil {
		return fmt.Errorf("store the factors: %w", err)
	}
	return nil
}

// RemoveFactor deletes one factor, or returns ErrNotFound. The last one takes the recovery codes along, and stays, with
// ErrLastFactor, if the user's role must have one.
func (s *Service) RemoveFactor(ctx context.Context, c Caller, id string, source Source) error {
	record := factorRecord(EventFactorRemove, c, source)
	return s.auditor.audited(ctx, &record, func() error {
		if err := s.mayChangeFactors(c); err != nil {
			return err
		}
		left := c.User.Factors
		left.TOTP = slices.DeleteFunc(slices.Clone(left.TOTP), func(t TOTP) bool { return t.ID == id })
		left.Passkeys = slices.DeleteFunc(slices.Clone(left.Passkeys), func(p Passkey) bool { return p.ID == id })
		switch {
		case len(left.TOTP) == len(c.User.Factors.TOTP) && len(left.Passkeys) == len(c.User.Factors.Passkeys):
			return refuse(ErrNotFound, reasonNotFound)
		case !left.Any() && s.rules.mustHaveFactor(c.User):
			return refuse(ErrLastFactor, ReasonNotAllowed)
		}
		recovery := []string(nil)
		if !left.Any() {
			recovery = []string{}
		}
		if err := s.setFactors(ctx, c.User, left, recovery); err != nil {
			return err
		}
		s.notify(ctx, MessageFactorRemoved, c.User.ID)
		return nil
	})
}
