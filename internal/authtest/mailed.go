package authtest

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// RunMailed promises on any store what links in mails do, also at the same time: of fifty uses of one token a single one sets the password,
// and of twenty invitations one is sent, which is noted until its link has expired.
func RunMailed(t *testing.T, open func(t *testing.T) Store) {
	joan := Joan()
	joan.Activate = true
	k, outbox := NewKitOver(t, open(t), Ada(), joan), &Outbox{}
	k.followClock()
	k.Outbox = outbox
	s := k.Service(auth.Rules{})
	for _, user := range []auth.User{Ada(), joan} {
		kind := auth.MessageReset
		if user.ID == joan.ID {
			kind = auth.MessageInvite
			inviteAtOnce(t, k, s, joan.ID, outbox)
		}
		_, token, err := s.MailToken(t.Context(), user.ID, kind, false)
		check(t, err)
		k.Log.Keep(token)
		n := successes(t, 50, auth.ErrRefusedPassword, func() error {
			return s.ResetPassword(t.Context(), auth.PasswordReset{Token: token, New: "a walrus in the attic", Source: auth.ParseSource("192.0.2.7:1")}, "profile")
		})
		if changed := len(outbox.Messages()); n != 1 || changed != 1 {
			t.Errorf("%s: fifty uses of a token set the password %d times, with %d notices", user.ID, n, changed)
		}
		if _, err := s.Login(t.Context(), auth.Attempt{Identifier: user.Identifier, Password: "a walrus in the attic"},
			auth.Terms{Contract: "profile", AccessLife: time.Hour}); err != nil {
			t.Errorf("%s: sign-in with the new password: %v", user.ID, err)
		}
	}
}

func inviteAtOnce(t *testing.T, k *Kit, s *auth.Service, userID string, outbox *Outbox) {
	t.Helper()
	u, err := k.Store.UserByID(t.Context(), userID)
	check(t, err)
	outbox.Fail(auth.ErrUnavailable)
	if sent, err := s.Invite(t.Context(), u, time.Time{}); sent || !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("without the outbox: %t, %v", sent, err)
	}
	outbox.Fail(nil)
	successes(t, 20, auth.ErrInvitationBegun, func() error { _, err := s.Invite(t.Context(), u, time.Time{}); return err })
	if n := len(outbox.Messages()); n != 1 {
		t.Errorf("%d invitations of twenty at once", n)
	}
	if sent, err := s.Invite(t.Context(), u, time.Time{}); sent || err != nil {
		t.Errorf("again: %t, %v", sent, err)
	}
	if sent, err := s.Invite(t.Context(), u, k.Clock.Now().Add(time.Millisecond)); !sent || err != nil || len(outbox.Messages()) != 1 {
		t.Errorf("asked for again: %t, %v", sent, err)
	}
}
