package auth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// The lives of tokens in mails.
const (
	resetLife  = 20 * time.Minute
	inviteLife = 7 * 24 * time.Hour
)

// resetMailsPerHour is how many mails with a link a user gets in an hour of the clock, however many are asked for.
const resetMailsPerHour = 3

// MailToken returns the user of a mail with a link, and the link's new token. ErrNotFound means that the mail is to be
// dropped.
func (s *Service) MailToken(ctx context.Context, userID string, kind MessageKind, repeated bool) (u User, token string, err error) {
	// A mail is dropped if the user is gone, may not have it, or had three in this hour. A repeated one was made before
	// and not sent: it is not counted again. One audit record is written before it returns.
	record := AuditRecord{Event: eventResetMail, UserID: userID}
	if kind == MessageInvite {
		record.Event = eventInviteMail
	}
	err = s.auditor.audited(ctx, &record, func() error {
		u, token, err = s.mailToken(ctx, userID, kind, repeated)
		return err
	})
	return u, token, err
}

func (s *Service) mailToken(ctx context.Context, userID string, kind MessageKind, repeated bool) (User, string, error) {
	u, err := s.store.UserByID(ctx, userID)
	if errors.Is(err, ErrNotFound) {
		return User{}, "", refuse(err, ReasonUnknownUser)
	} else if err != nil {
		return User{}, "", fmt.Errorf("read the user: %w", err)
	}
	p, err := purposeOfMail(kind)
	if err != nil {
		return User{}, "", err
	}
	if !p.opensTo(u) {
		return User{}, "", refuse(ErrNotFound, reasonNotReady)
	}
	if p == purposeReset && !repeated {
		err := s.allow(ctx, "resets of user", userID, resetMailsPerHour)
		if errors.Is(err, ErrConflict) {
			return User{}, "", refuse(ErrNotFound, reasonThrottledUser)
		} else if err != nil {
			return User{}, "", err
		}
	}
	address, err := IdentifierHash(ctx, s.keys, u.Identifier)
	if err != nil {
		return User{}, "", err
	}
	token, err := s.signTicket(ctx, ticket{
		Purpose: p, UserID: u.ID, Address: address, Epoch: u.PasswordEpoch, Expires: s.now().Add(p.mailLife()).Unix(),
	})
	return u, token, err
}

func purposeOfMail(kind MessageKind) (purpose, error) {
	switch kind {
	case MessageReset:
		return purposeReset, nil
	case MessageInvite:
		return purposeInvite, nil
	}
	return "", fmt.Errorf("auth: a mail of kind %q has no token", kind)
}

// opensTo reports whether a token of the purpose may set the user's password: a reset that of users who may sign in or wait to be
// activated by it, an invitation only that of the latter.
func (p purpose) opensTo(u User) bool {
	invited := u.Status == StatusPending && u.Activate
	return invited || p == purposeReset && u.Status == StatusReady
}

func (p purpose) mailLife() time.Duration {
	if p == purposeInvite {
		return inviteLife
	}
	return resetLife
}

// allow counts one use of what is named, or returns ErrConflict if it was used perHour times in this hour of the clock. It is one
// conditional write, so that calls at the same time cannot exceed the limit.
func (s *Service) allow(ctx context.Context, label, name string, perHour int64) error {
	now := s.now().UTC().Truncate(time.Millisecond)
	hour := now.Truncate(time.Hour)
	counter, err := counterName(ctx, s.keys, label, name, strconv.FormatInt(hour.Unix(), 10))
	if err != nil {
		return err
	}
	keys := AttemptKeys{User: counter, Source: "hour"}
	if err := s.store.CountAttempt(ctx, keys, Pair{}, Pair{Failures: 1, LastAt: now}, perHour); err != nil {
		return fmt.Errorf("count the %s: %w", label, err)
	}
	return nil
}
