package auth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// The states of an invitation, as the failures of its pair.
const (
	invitationBegun = 1
	invitationSent  = 2
)

var (
	// ErrNotInvitable: only a pending user with Activate can be invited.
	ErrNotInvitable = errors.New("auth: not a pending user with activate")
	// ErrInvitationBegun: an invitation was begun, by this program or another, and whether it was sent is not known.
	ErrInvitationBegun = errors.New("auth: an invitation was begun")
)

// Invite sends the user an invitation, unless one was sent at since or later, and reports whether it did. Of concurrent
// calls one sends.
func (s *Service) Invite(ctx context.Context, u User, since time.Time) (sent bool, err error) {
	// An invitation counts as long as its link works: for a week, and while address and PasswordEpoch are those of the
	// link. An error of the outbox leaves the user as not invited.
	if !purposeInvite.opensTo(u) {
		return false, ErrNotInvitable
	}
	keys, err := s.invitationKeys(ctx, u)
	if err != nil {
		return false, err
	}
	found, err := s.store.LookUp(ctx, LookupQuery{Attempts: keys})
	if err != nil {
		return false, fmt.Errorf("look up the invitation: %w", err)
	}
	seen, now := found.Counters.Pair, s.now().UTC().Truncate(time.Millisecond)
	if counts := !seen.LastAt.Before(since) && now.Sub(seen.LastAt) < inviteLife; counts && seen.Failures >= invitationSent {
		return false, nil
	} else if counts && seen.Failures == invitationBegun {
		return false, ErrInvitationBegun
	}
	ctx, cancel := detach(ctx) // an interrupt must not come between the mail and the note of it
	defer cancel()
	return s.sendInvitation(ctx, u, keys, seen, now)
}

func (s *Service) sendInvitation(ctx context.Context, u User, keys AttemptKeys, seen Pair, now time.Time) (bool, error) {
	begun := Pair{Failures: invitationBegun, LastAt: now, KnownUntil: now.Add(inviteLife)}
	if err := s.store.CountAttempt(ctx, keys, seen, begun, 1); errors.Is(err, ErrConflict) {
		return false, ErrInvitationBegun
	} else if err != nil {
		return false, fmt.Errorf("begin the invitation: %w", err)
	}
	if err := s.outbox.Send(ctx, Message{Kind: MessageInvite, UserID: u.ID}); err != nil {
		return false, errors.Join(fmt.Errorf("send the invitation: %w", err), s.store.UndoAttempt(ctx, keys, begun, seen))
	}
	done := begun
	done.Failures = invitationSent
	if err := s.store.CountAttempt(ctx, keys, begun, done, 1); err != nil {
		return true, fmt.Errorf("note that the invitation was sent: %w", err)
	}
	return true, nil
}

// invitationKeys name what the token of an invitation is bound to.
func (s *Service) invitationKeys(ctx context.Context, u User) (AttemptKeys, error) {
	name, err := counterName(ctx, s.keys, "invitation of user", u.ID, u.Identifier.String(), strconv.FormatInt(u.PasswordEpoch, 10))
	return AttemptKeys{User: name, Source: "invitation"}, err
}
