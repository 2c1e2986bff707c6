package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestSessionCost promises the round trips and the capacity units of everything that is done with an open session.
func TestSessionCost(t *testing.T) {
	s, w := open(t)
	longest := newSession(strings.Repeat("u", 128))
	longest.ActorID = longest.UserID
	u := authtest.Ada()
	u.ID, u.Profile.CompanyName = longest.UserID, strings.Repeat("x", 3000)
	must(t, s.CreateUser(t.Context(), u))
	must(t, s.PutSession(t.Context(), longest))
	w.take()
	next := longest
	next.Generation++
	for _, tc := range []struct {
		name string
		call func(ctx context.Context) error
		want []string
	}{
		{"read it and its user", func(ctx context.Context) error { _, _, err := s.SessionAndUser(ctx, u.ID, longest.ID); return err },
			[]string{"BatchGetItem 2"}},
		{"rotate", func(ctx context.Context) error { return s.RotateSession(ctx, next, 1) }, []string{"UpdateItem 1"}},
		{"list", func(ctx context.Context) error { _, err := s.SessionsOf(ctx, u.ID, "", 1000); return err }, []string{"Query 1"}},
		{"end", func(ctx context.Context) error { return s.EndSession(ctx, u.ID, longest.ID) }, []string{"DeleteItem 1"}},
		{"end again", func(ctx context.Context) error { return s.EndSession(ctx, u.ID, longest.ID) }, []string{"DeleteItem 1"}},
	} {
		must(t, tc.call(t.Context()))
		if d := cmp.Diff(tc.want, w.take()); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
}

// TestManySessions promises all of a user's sessions where they are more than one page of an answer.
func TestManySessions(t *testing.T) {
	s, w := open(t)
	const many = 12
	for i := range many {
		session := newSession("ada")
		session.ID, session.Nonce = fmt.Sprintf("s-%02d", i), strings.Repeat("x", 100<<10)
		must(t, s.PutSession(t.Context(), session))
	}
	w.take()
	got, err := s.SessionsOf(t.Context(), "ada", "", 1000)
	must(t, err)
	ids := map[string]bool{}
	for _, session := range got {
		ids[session.ID] = true
	}
	if len(got) != many || len(ids) != many {
		t.Errorf("%d sessions with %d ids, want %d", len(got), len(ids), many)
	}
	if calls := w.take(); len(calls) != 2 {
		t.Errorf("%q, want two pages", calls)
	}
	must(t, s.EndSessions(t.Context(), "ada", "s-05"))
	if left, err := s.SessionsOf(t.Context(), "ada", "", 1000); err != nil || len(left) > 0 {
		t.Errorf("%d sessions are left, %v", len(left), err)
	}
}

// TestSessionAndUserInParts promises both where DynamoDB gives one at a time, in whichever order.
func TestSessionAndUserInParts(t *testing.T) {
	s, w := open(t)
	session := newSession("ada")
	must(t, s.CreateUser(t.Context(), authtest.Ada()))
	must(t, s.PutSession(t.Context(), session))
	w.take()
	w.spoil = leaveOut
	got, user, err := s.SessionAndUser(t.Context(), "ada", session.ID)
	must(t, err)
	if d := cmp.Diff(session, got); d != "" || user.ID != "ada" {
		t.Errorf("user %q, session (-want +got):\n%s", user.ID, d)
	}
	if calls := w.take(); len(calls) != 2 {
		t.Errorf("%q, want two calls", calls)
	}
}

// TestBrokenSessions promises that a session that others wrote wrongly is our fault, and no end of it.
func TestBrokenSessions(t *testing.T) {
	for _, tc := range []struct {
		attribute string
		value     types.AttributeValue
	}{
		{"generation", text("7")},
		{"generation", number("1.5")},
		{"passwordEpoch", text("$old")},
		{"expiresAt", text("$old tomorrow")},
		{"expiresAt", number("1767323045")},
		{"rotatedAt", text("")},
		{"nonce", number("7")},
	} {
		s, r := openRaw(t)
		must(t, s.CreateUser(t.Context(), authtest.Ada()))
		must(t, s.PutSession(t.Context(), newSession("other")))
		r.put(t, map[string]types.AttributeValue{"pk": text("USER#ada"), "sk": text("SESSION#s1"), tc.attribute: tc.value})
		_, _, readErr := s.SessionAndUser(t.Context(), "ada", "s1")
		_, listErr := s.SessionsOf(t.Context(), "ada", "", 1000)
		if text, ok := tc.value.(*types.AttributeValueMemberS); ok && text.Value == "" { // the same as a missing attribute
			must(t, errors.Join(readErr, listErr))
			continue
		}
		wantBroken(t, readErr, tc.attribute)
		wantBroken(t, listErr, tc.attribute)
	}
}

// TestUnusableSessionIDs promises that no id leads to a call that DynamoDB would refuse, or to another item.
func TestUnusableSessionIDs(t *testing.T) {
	s, w := open(t)
	must(t, s.CreateUser(t.Context(), authtest.Ada()))
	must(t, s.PutSession(t.Context(), newSession("ada")))
	w.take()
	for _, id := range []string{"", strings.Repeat("x", 2044), "ada\xff", "\xed\xa0\x80"} {
		own, other := newSession("ada"), newSession(id)
		own.ID = id
		_, _, readOwn := s.SessionAndUser(t.Context(), "ada", id)
		_, _, readOther := s.SessionAndUser(t.Context(), id, other.ID)
		list, listErr := s.SessionsOf(t.Context(), id, "", 1000)
		for call, tc := range map[string]struct{ got, want error }{
			"SessionAndUser":    {readOwn, auth.ErrNotFound},
			"SessionAndUser of": {readOther, auth.ErrNotFound},
			"SessionsOf":        {listErr, nil},
			"RotateSession":     {s.RotateSession(t.Context(), own, 1), auth.ErrNotFound},
			"RotateSession of":  {s.RotateSession(t.Context(), other, 1), auth.ErrNotFound},
			"EndSession":        {s.EndSession(t.Context(), "ada", id), nil},
			"EndSession of":     {s.EndSession(t.Context(), id, other.ID), nil},
		} {
			if !errors.Is(tc.got, tc.want) || len(list) > 0 {
				t.Errorf("%s(%.10q): %v, want %v", call, id, tc.got, tc.want)
			}
		}
	}
	if calls := w.take(); len(calls) != 0 {
		t.Errorf("asked: %q", calls)
	}
	// The user's item has the same partition key and is not a session.
	_, _, err := s.SessionAndUser(t.Context(), "ada", "USER")
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the user as a session: %v", err)
	}
}

// TestRotationKeepsTheItemAlive promises that the time to live follows the session's end, for DynamoDB deletes by it.
func TestRotationKeepsTheItemAlive(t *testing.T) {
	s, r := openRaw(t)
	session := newSession("ada")
	must(t, s.PutSession(t.Context(), session))
	next := session
	next.Generation, next.ExpiresAt = 2, session.ExpiresAt.Add(24*time.Hour)
	must(t, s.RotateSession(t.Context(), next, 1))
	item := r.items(t)["USER#ada / SESSION#"+session.ID]
	if want := "N " + fmt.Sprint(next.ExpiresAt.Unix()+1); item["ttl"] != want {
		t.Errorf("ttl %q, want %q", item["ttl"], want)
	}
}
