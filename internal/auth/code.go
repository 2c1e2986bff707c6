package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// checkCode accepts a right code once and returns what it proves; the caller has proved the password before. A wrong or used
// code is counted, and ErrBadCredentials; during a wait it is ErrThrottled whatever the code; recovery codes do not wait.
func (s *Service) checkCode(ctx context.Context, u User, typed string) (amr []string, err error) {
	totp, recovery := s.codes.Parse(typed)
	if recovery != "" {
		mac, err := s.recoveryMAC(ctx, u.ID, recovery)
		if err != nil {
			return nil, err
		}
		err = s.store.UseRecovery(ctx, u.ID, mac)
		if err == nil {
			return []string{"pwd", "mfa"}, nil
		}
		if !errors.Is(err, ErrConflict) {
			return nil, fmt.Errorf("use the recovery code: %w", err)
		}
		return nil, s.wrongCode(ctx, u, CodeCount{})
	}
	used, count, err := s.useTOTP(ctx, u, totp)
	switch {
	case err != nil:
		return nil, err
	case used:
		return []string{"pwd", "otp", "mfa"}, nil
	}
	return nil, s.wrongCode(ctx, u, count)
}

// useTOTP tries the code on each of the user's authenticator apps, with the same work whichever it is of. It returns the count of
// wrong codes as far as it is known.
func (s *Service) useTOTP(ctx context.Context, u User, code string) (used bool, count CodeCount, err error) {
	now := s.now()
	var factorID string
	var step int64
	for _, f := range u.Factors.TOTP {
		found, err := s.codes.Step(ctx, u.ID, f.Sealed, code, now)
		if err != nil {
			return false, CodeCount{}, fmt.Errorf("check the code: %w: %w", ErrUnavailable, err)
		}
		if found > 0 {
			factorID, step = f.ID, found
		}
	}
	if step == 0 {
		return false, CodeCount{}, nil
	}
	count, err = s.store.UseStep(ctx, u.ID, factorID, step, now)
	if errors.Is(err, ErrConflict) {
		return false, count, nil
	}
	if err != nil {
		return false, CodeCount{}, fmt.Errorf("use the code: %w", err)
	}
	return true, CodeCount{}, nil
}

// codeRaces bounds how often a count that others change is looked at again.
const codeRaces = 20

// wrongCode counts a wrong code, unless codes have to wait, and refuses. Seen is the count if it is known.
func (s *Service) wrongCode(ctx context.Context, u User, seen CodeCount) error {
	ctx, cancel := detach(ctx)
	defer cancel()
	for range codeRaces {
		now := s.now()
		if wait := seen.wait(now); wait > 0 {
			return refuse(&ThrottledError{wait}, reasonThrottledCode)
		}
		next := seen.next(now)
		stored, err := s.store.CountWrongCode(ctx, u.ID, seen, next)
		if err == nil {
			if next.Wrong == wrongCodesNoticed {
				s.notify(ctx, MessageWrongCodes, u.ID)
			}
			return refuse(ErrBadCredentials, reasonWrongCode)
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("count the wrong code: %w", err)
		}
		seen = stored
	}
	return fmt.Errorf("count the wrong code: %w: others count all the time", ErrUnavailable)
}

// recoveryMAC returns what is stored of a recovery code: no list of them helps without the key ring.
func (s *Service) recoveryMAC(ctx context.Context, userID, code string) (string, error) {
	mac, err := s.keys.MAC(ctx, "latchkey recovery code 1", userID, code)
	if err != nil {
		return "", fmt.Errorf("hash the recovery code: %w", err)
	}
	return hex.EncodeToString(mac[:16]), nil
}
