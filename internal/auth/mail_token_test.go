package auth_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// waiting is a user who becomes ready by the first reset or an invitation.
func waiting() auth.User {
	u := authtest.NewUser("mary")
	u.Status, u.Activate = auth.StatusPending, true
	return u
}

// TestMailToken promises which users get a token for which mail; all other mails are dropped.
func TestMailToken(t *testing.T) {
	k := authtest.NewKit(t, append(users(), waiting())...)
	s := k.Service(rules())
	for _, test := range []struct {
		user string
		kind auth.MessageKind
		want error
	}{
		{"ada", auth.MessageReset, nil},
		{"ada", auth.MessageInvite, auth.ErrNotFound},
		{"mary", auth.MessageReset, nil},
		{"mary", auth.MessageInvite, nil},
		{"joan", auth.MessageReset, auth.ErrNotFound},
		{"joan", auth.MessageInvite, auth.ErrNotFound},
		{"nobody", auth.MessageReset, auth.ErrNotFound},
		{"", auth.MessageReset, auth.ErrNotFound},
	} {
		t.Run(test.user+" "+string(test.kind), func(t *testing.T) {
			u, token, err := s.MailToken(t.Context(), test.user, test.kind, false)
			if !errors.Is(err, test.want) || (err == nil) != (token != "" && u.ID == test.user) {
				t.Errorf("user %q, token %q, error %v; want %v", u.ID, token, err, test.want)
			}
			k.Log.Keep(token)
		})
	}
	if _, _, err := s.MailToken(t.Context(), "ada", auth.MessagePasswordChanged, false); err == nil {
		t.Error("a notice has a token")
	}
}

// TestResetMailsPerHour promises three mails an hour, also when many are made at once; one that is made again because it was
// not sent is not counted.
func TestResetMailsPerHour(t *testing.T) {
	k := authtest.NewKit(t, append(users(), waiting())...)
	s := k.Service(rules())
	var made atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, _, err := s.MailToken(t.Context(), "ada", auth.MessageReset, false)
			if err == nil {
				made.Add(1)
			} else if !errors.Is(err, auth.ErrNotFound) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 3 {
		t.Errorf("%d mails", made.Load())
	}
	if _, _, err := s.MailToken(t.Context(), "ada", auth.MessageReset, true); err != nil {
		t.Errorf("one of the three again: %v", err)
	}
	if _, _, err := s.MailToken(t.Context(), "mary", auth.MessageReset, false); err != nil {
		t.Errorf("another user: %v", err)
	}
	k.Clock.Advance(time.Hour)
	if _, _, err := s.MailToken(t.Context(), "ada", auth.MessageReset, false); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	k.Before(func(call string) error { return fmt.Errorf("%s: %w", call, auth.ErrUnavailable) })
	if _, _, err := s.MailToken(t.Context(), "ada", auth.MessageReset, false); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("without the store: %v", err)
	}
}
