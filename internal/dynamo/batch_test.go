package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

func crowdOf(n int) []auth.User {
	users := make([]auth.User, n)
	for i := range users {
		users[i] = authtest.NewUser(fmt.Sprintf("user-%03d", i))
	}
	return users
}

// TestBatchesAwaitCapacity promises that a table which has no capacity for a while, in either way that DynamoDB says so,
// only makes a batch take longer: everybody is stored once.
func TestBatchesAwaitCapacity(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]answer{
		"throttled": problem(400, "ProvisionedThroughputExceededException", "slow down"),
		"part":      canceled("ThrottlingError", "None"),
		"account":   problem(400, "RequestLimitExceeded", "slow down"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := open(t)
			began := time.Now()
			w.spoil = func(_ string, n int, send func([]byte) answer, body []byte) answer {
				if time.Since(began) < time.Second && n%3 > 0 {
					return fault
				}
				return send(body)
			}
			users := crowdOf(100)
			for i, err := range s.CreateUsers(t.Context(), users) {
				if users[i].Version = 1; err != nil {
					t.Errorf("CreateUsers, %s: %v", users[i].ID, err)
				}
			}
			found, err := s.Existing(t.Context(), users)
			if err != nil {
				t.Fatal(err)
			}
			for i, u := range users {
				if found[i].ID != u.ID {
					t.Errorf("%s is %q", u.ID, found[i].ID)
				}
			}
		})
	}
}

// TestListingAwaitsCapacity promises that a table which has no capacity for a while does not break a listing off, and that
// everybody is listed once.
func TestListingAwaitsCapacity(t *testing.T) {
	t.Parallel()
	s, w := open(t)
	users := crowdOf(8)
	for i := range users {
		users[i].Profile.Name = strings.Repeat("x", 300<<10) // so that there are pages
	}
	if errs := errors.Join(s.CreateUsers(t.Context(), users)...); errs != nil {
		t.Fatal(errs)
	}
	var scans atomic.Int64
	w.spoil = func(_ string, _ int, send func([]byte) answer, body []byte) answer {
		if scans.Add(1)%5 > 0 {
			return problem(400, "ProvisionedThroughputExceededException", "slow down")
		}
		return send(body)
	}
	seen := map[string]int{}
	for u, err := range s.AllUsers(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		seen[u.ID]++
	}
	for _, u := range users {
		if seen[u.ID] != 1 {
			t.Errorf("%s is listed %d times", u.ID, seen[u.ID])
		}
	}
	if scans.Load() < 10 {
		t.Errorf("%d scans: there was one page", scans.Load())
	}
}

// TestBatchesGiveUp promises that where there never is capacity, the end of the context ends the waiting.
func TestBatchesGiveUp(t *testing.T) {
	t.Parallel()
	s, _ := spoiled(problem(400, "ProvisionedThroughputExceededException", "slow down"))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	for i, err := range s.UpdateUsers(ctx, crowdOf(100)) {
		if !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("user %d: %v", i, err)
		}
	}
}

// TestBatchesOfKnownUsersWriteNothing promises that users whose identifier is taken cost only reads, a tenth of the writes, so
// that continuing an import is cheap.
func TestBatchesOfKnownUsersWriteNothing(t *testing.T) {
	s, w := open(t)
	users := crowdOf(100)
	if errs := errors.Join(s.CreateUsers(t.Context(), users)...); errs != nil {
		t.Fatal(errs)
	}
	w.take()
	for i, err := range s.CreateUsers(t.Context(), users) {
		if !errors.Is(err, auth.ErrConflict) {
			t.Errorf("user %d: %v", i, err)
		}
	}
	if _, err := s.Existing(t.Context(), users); err != nil {
		t.Error(err)
	}
	for _, call := range w.take() {
		if !strings.HasPrefix(call, "BatchGetItem 40") && !strings.HasPrefix(call, "BatchGetItem 20") {
			t.Errorf("called %s", call)
		}
	}
}

// TestDeleteUserAgain promises that a delete which fails at any of its calls can be done again, and that then nothing is
// left.
func TestDeleteUserAgain(t *testing.T) {
	for failing := range 6 {
		s, w := open(t)
		ada := authtest.Ada()
		must(t, s.CreateUser(t.Context(), ada))
		must(t, s.PutSession(t.Context(), newSession(ada.ID)))
		var calls atomic.Int64
		w.spoil = func(_ string, _ int, send func([]byte) answer, body []byte) answer {
			if calls.Add(1) == int64(failing)+1 {
				return problem(400, "AccessDeniedException", "not now")
			}
			return send(body)
		}
		err := s.DeleteUser(t.Context(), ada.ID)
		w.spoil = nil
		if err != nil && !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("call %d fails: %v", failing+1, err)
		}
		if err := s.DeleteUser(t.Context(), ada.ID); err != nil && !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("again after call %d failed: %v", failing+1, err)
		}
		if left, err := s.SessionsOf(t.Context(), ada.ID, "", 1000); err != nil || len(left) > 0 {
			t.Errorf("after call %d failed: %v, %v", failing+1, left, err)
		}
		if _, err := s.UserByIdentifier(t.Context(), ada.Identifier); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("after call %d failed: %v", failing+1, err)
		}
		must(t, s.CreateUser(t.Context(), ada))
	}
}
