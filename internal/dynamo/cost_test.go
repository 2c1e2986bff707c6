package dynamo_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestCost promises the round trips and the capacity units of everything that a sign-in does, for a user of up to
// 4 KB: DynamoDB bills by them, and a person waits for each round trip.
func TestCost(t *testing.T) {
	s, w := open(t)
	ada, client := authtest.Ada(), newClient()
	ada.PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
	small := authtest.NewUser("small")
	small.PasswordHash = ada.PasswordHash
	ada.Profile.CompanyName = strings.Repeat("x", 3000)
	must(t, s.CreateUser(t.Context(), ada))
	must(t, s.CreateUser(t.Context(), small))
	must(t, s.CreateClient(t.Context(), client))
	w.take()

	longest := newSession(strings.Repeat("u", 128))
	longest.ActorID = longest.UserID
	nobody := authtest.Identifier("nobody@example.com")
	for _, tc := range []struct {
		name string
		call func(ctx context.Context) error
		want []string // operation and units
	}{
		{"arrive", func(ctx context.Context) error {
			_, err := s.LookUp(ctx, auth.LookupQuery{Identifier: ada.Identifier})
			return err
		}, []string{"GetItem 1"}},
		{"arrive, unknown", func(ctx context.Context) error {
			_, err := s.LookUp(ctx, auth.LookupQuery{Identifier: nobody})
			return err
		}, []string{"GetItem 1"}},
		{"arrive with a key", func(ctx context.Context) error {
			_, err := s.LookUp(ctx, auth.LookupQuery{Identifier: ada.Identifier, KeyHash: client.KeyHash})
			return err
		},
			[]string{"BatchGetItem 2"}},
		{"read the user", func(ctx context.Context) error { _, err := s.UserByID(ctx, ada.ID); return err }, []string{"GetItem 1"}},
		{"read nobody", func(ctx context.Context) error { s.UserByID(ctx, "unknown:0123"); return nil }, []string{"GetItem 1"}},
		{"put a session", func(ctx context.Context) error { return s.PutSession(ctx, newSession(ada.ID)) }, []string{"PutItem 1"}},
		{"put the longest session", func(ctx context.Context) error { return s.PutSession(ctx, longest) }, []string{"PutItem 1"}},
		{"replace the hash", func(ctx context.Context) error {
			return s.ReplaceHash(ctx, small.ID, small.PasswordHash, strings.ReplaceAll(small.PasswordHash, "a", "b"))
		}, []string{"UpdateItem 1"}},
		{"warm up", func(ctx context.Context) error { return s.Warm(ctx) }, []string{"GetItem 1"}},
	} {
		must(t, tc.call(t.Context()))
		if d := cmp.Diff(tc.want, w.take()); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
}
