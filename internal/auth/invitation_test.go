package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// invite sends Mary an invitation, unless she has had one since the time, and reports whether it did.
func invite(t *testing.T, k *authtest.Kit, s *auth.Service, since time.Time) (bool, error) {
	t.Helper()
	u, err := k.Store.UserByID(t.Context(), "mary")
	check(t, err)
	return s.Invite(t.Context(), u, since)
}

// TestInvite promises one invitation while its link works, however many callers ask, and that only a later time asks for another.
func TestInvite(t *testing.T) {
	k, outbox, s := resetKit(t)
	ever := time.Time{}
	for i, step := range []struct {
		name   string
		before func()
		since  func() time.Time
		want   bool
	}{
		{"first", func() {}, nil, true},
		{"again", func() {}, nil, false},
		{"six days later", func() { k.Clock.Advance(6 * day) }, nil, false},
		{"another is asked for", func() {}, k.Clock.Now, true},
		{"that one counts", func() { k.Clock.Advance(6 * day) }, nil, false},
		{"the link has expired", func() { k.Clock.Advance(day) }, nil, true},
		{"another address", func() {
			k.Update(t, "mary", func(u *auth.User) { u.Identifier = authtest.Identifier("somerville@example.com") })
		}, nil, true},
		{"another epoch", func() {
			k.Update(t, "mary", func(u *auth.User) { *u = u.Changed(withHash(*u, "other"), k.Clock.Now()) })
		}, nil, true},
	} {
		step.before()
		since := ever
		if step.since != nil {
			since = step.since()
		}
		sent, err := invite(t, k, s, since)
		if messages := outbox.Messages(); sent != step.want || err != nil || (len(messages) == 1) != step.want {
			t.Errorf("%d, %s: sent %t, messages %v, error %v", i, step.name, sent, messages, err)
		}
	}
	for _, name := range []string{"ada", "joan", "dorothy"} {
		u, err := k.Store.UserByID(t.Context(), name)
		check(t, err)
		if _, err := s.Invite(t.Context(), u, ever); !errors.Is(err, auth.ErrNotInvitable) || len(outbox.Messages()) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestInviteAtOnce promises one invitation of 20 calls at once.
func TestInviteAtOnce(t *testing.T) {
	k, outbox, s := resetKit(t)
	var sent atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			one, err := invite(t, k, s, time.Time{})
			if one {
				sent.Add(1)
			} else if err != nil && !errors.Is(err, auth.ErrInvitationBegun) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(outbox.Messages()); n != 1 || sent.Load() != 1 {
		t.Errorf("%d messages, %d said so", n, sent.Load())
	}
}

// TestInviteFaults promises that an invitation that failed can be sent again; that one which may have been sent is not sent again before
// an operator asks; and that an interrupt does not come between the two.
func TestInviteFaults(t *testing.T) {
	k, outbox, s := resetKit(t)
	ever := time.Time{}
	outbox.Fail(auth.ErrUnavailable)
	if sent, err := invite(t, k, s, ever); sent || !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("without the outbox: %t %v", sent, err)
	}
	outbox.Fail(nil)
	for _, call := range []string{"MAC", "LookUp", "CountAttempt"} {
		k.Before(func(name string) error {
			if name == call {
				return auth.ErrUnavailable
			}
			return nil
		})
		if sent, err := invite(t, k, s, ever); sent || !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("without %s: %t %v", call, sent, err)
		}
	}
	if messages := outbox.Messages(); len(messages) > 0 {
		t.Fatalf("messages %v", messages)
	}
	counts := 0
	k.Before(func(name string) error {
		if name == "CountAttempt" {
			counts++
		}
		if counts == 2 {
			return fmt.Errorf("killed: %w", auth.ErrUnavailable)
		}
		return nil
	})
	if sent, err := invite(t, k, s, ever); !sent || !errors.Is(err, auth.ErrUnavailable) || len(outbox.Messages()) != 1 {
		t.Errorf("sent and not noted: %t %v", sent, err)
	}
	k.Before(nil)
	if sent, err := invite(t, k, s, ever); sent || !errors.Is(err, auth.ErrInvitationBegun) {
		t.Errorf("after that: %t %v", sent, err)
	}
	k.Clock.Advance(time.Second)
	ctx, interrupt := context.WithCancel(t.Context())
	k.Before(func(name string) error {
		if name == "CountAttempt" {
			interrupt()
		}
		return nil
	})
	u, err := k.Store.UserByID(t.Context(), "mary")
	check(t, err)
	if sent, err := s.Invite(ctx, u, k.Clock.Now()); !sent || err != nil || len(outbox.Messages()) != 1 {
		t.Errorf("interrupted: %t %v", sent, err)
	}
	if sent, err := invite(t, k, s, ever); sent || err != nil {
		t.Errorf("after the interrupt: %t %v", sent, err)
	}
}
