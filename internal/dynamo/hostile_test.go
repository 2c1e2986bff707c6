package dynamo_test

import (
	"errors"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestUnusableIDs promises that an id that cannot be a key is unknown, and refused for new users, without a call of DynamoDB.
// Invalid UTF-8 is such an id, because the SDK would map many of them to one key.
func TestUnusableIDs(t *testing.T) {
	s, w := open(t)
	must(t, s.CreateUser(t.Context(), authtest.Ada()))
	w.take()
	for _, id := range []string{"", strings.Repeat("x", 2044), "ada\xff", "\xed\xa0\x80"} {
		u, c := authtest.Ada(), newClient()
		u.ID, c.KeyHash = id, id
		own, other := newSession("ada"), newSession(id)
		own.ID = id
		_, readUser := s.UserByID(t.Context(), id)
		_, readOwn := s.Session(t.Context(), "ada", id)
		_, readOther := s.Session(t.Context(), id, other.ID)
		for call, tc := range map[string]struct{ got, want error }{
			"UserByID":      {readUser, auth.ErrNotFound},
			"UpdateUser":    {s.UpdateUser(t.Context(), u), auth.ErrNotFound},
			"ReplaceHash":   {s.ReplaceHash(t.Context(), id, "", "new"), auth.ErrConflict},
			"Session":       {readOwn, auth.ErrNotFound},
			"Session of":    {readOther, auth.ErrNotFound},
			"DisableClient": {s.DisableClient(t.Context(), id), auth.ErrNotFound},
			"EndSessions":   {s.EndSessions(t.Context(), id, id), nil},
		} {
			if !errors.Is(tc.got, tc.want) {
				t.Errorf("%s(%.10q): %v, want %v", call, id, tc.got, tc.want)
			}
		}
		wantRefused(t, s.CreateUser(t.Context(), u))
		wantRefused(t, s.CreateClient(t.Context(), c))
		wantRefused(t, s.PutSession(t.Context(), own))
		wantRefused(t, s.PutSession(t.Context(), other))
		if calls := w.take(); len(calls) != 0 {
			t.Errorf("%.10q was asked for: %q", id, calls)
		}
		a, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: authtest.Ada().Identifier, KeyHash: id})
		must(t, err)
		if a != (auth.LookupResult{UserID: "ada"}) {
			t.Errorf("LookUp with the key %.10q: %v", id, a)
		}
		w.take()
	}
}

// TestLongestIDs promises that the limits are DynamoDB's, to the byte.
func TestLongestIDs(t *testing.T) {
	s, _ := open(t)
	u, session, client := authtest.Ada(), newSession(strings.Repeat("u", 2043)), newClient()
	u.ID, session.ID, client.KeyHash = session.UserID, strings.Repeat("s", 1016), strings.Repeat("k", 1024)
	must(t, s.CreateUser(t.Context(), u))
	must(t, s.PutSession(t.Context(), session))
	must(t, s.CreateClient(t.Context(), client))
	if got, err := s.UserByIdentifier(t.Context(), u.Identifier); err != nil || got.ID != u.ID {
		t.Errorf("the user with the longest id: %.10q, %v", got.ID, err)
	}
	session.ID += "s"
	wantRefused(t, s.PutSession(t.Context(), session))
	client.KeyHash += "k"
	wantRefused(t, s.CreateClient(t.Context(), client))
}

// TestUnusableUsers promises a clear error for a user that DynamoDB cannot store, and that nothing is written.
func TestUnusableUsers(t *testing.T) {
	s, w := open(t)
	nameless, large, strange := authtest.Ada(), authtest.Ada(), authtest.Ada()
	nameless.Identifier = auth.Identifier{}
	large.Profile.CompanyName = strings.Repeat("x", 400<<10)
	strange.Profile.Subscription = auth.Document(`{"since":`)
	for _, u := range []auth.User{nameless, large, strange} {
		wantRefused(t, s.CreateUser(t.Context(), u))
	}
	if calls := w.take(); len(calls) != 0 {
		t.Errorf("DynamoDB was asked: %q", calls)
	}
	must(t, s.CreateUser(t.Context(), authtest.Ada()))
	for _, u := range []auth.User{nameless, large, strange} {
		u.Version = 1
		wantRefused(t, s.UpdateUser(t.Context(), u))
	}
	large.Profile.CompanyName, large.Version = strings.Repeat("x", 400<<10-400), 1
	must(t, s.UpdateUser(t.Context(), large))
}

// wantRefused requires an error other than those that callers handle: the request is impossible.
func wantRefused(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error, want a refusal")
	}
	for _, other := range []error{auth.ErrConflict, auth.ErrNotFound, auth.ErrUnavailable} {
		if errors.Is(err, other) {
			t.Errorf("%v, want a refusal that is not %q", err, other)
		}
	}
}
