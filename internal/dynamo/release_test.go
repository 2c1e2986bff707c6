package dynamo_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestItemsOfTheLastRelease promises that this code reads every item as the last release wrote it, and likewise if a later
// release has added an attribute: during a staged deployment two versions share the table. The file changes only with a release.
func TestItemsOfTheLastRelease(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]bool{"as written": false, "with an attribute of a later release": true} {
		t.Run(name, func(t *testing.T) {
			s, table := openRaw(t)
			for _, item := range lastRelease(t) {
				if later {
					item["ofALaterRelease"] = text("unknown")
				}
				table.put(t, item)
			}
			ada, client, far := authtest.Ada(), newClient(), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
			keys := auth.AttemptKeys{User: "user-hash", Source: "source-hash", Network: "source-hash"}

			found, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: ada.Identifier, KeyHash: client.KeyHash, Attempts: keys})
			must(t, err)
			window := auth.Window{Failures: 1, Since: authtest.Start(), ExpiresAt: far}
			want := auth.LookupResult{UserID: ada.ID, Client: client, Counters: auth.Counters{
				Pair: auth.Pair{Failures: 1, LastAt: authtest.Start()}, User: window, Source: window,
			}}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("the first read of a sign-in (-want +got):\n%s", diff)
			}
			session, user, err := s.SessionAndUser(t.Context(), ada.ID, newSession(ada.ID).ID)
			must(t, err)
			if user.Email != ada.Email || user.Status != ada.Status || user.PasswordEpoch != 1 || user.Version != 1 {
				t.Errorf("the user is %+v", user)
			}
			if session.Generation != 1 || session.Nonce == "" || !session.ExpiresAt.Equal(far) || session.Contract != "organization" {
				t.Errorf("the session is %+v", session)
			}
			next := session
			next.Generation, next.RotatedAt = 2, authtest.Start().Add(time.Hour)
			must(t, s.RotateSession(t.Context(), next, 1))
			if jwks, err := s.PublicKeys(t.Context()); err != nil || string(jwks) != `{"keys":[]}` {
				t.Errorf("the public keys are %s, %v", jwks, err)
			}
		})
	}
}

func lastRelease(t *testing.T) (items []map[string]types.AttributeValue) {
	t.Helper()
	document, err := os.ReadFile("testdata/last-release.json")
	must(t, err)
	var raw []map[string]struct {
		S    *string
		N    string
		BOOL *bool
	}
	must(t, json.Unmarshal(document, &raw))
	for _, attributes := range raw {
		item := map[string]types.AttributeValue{}
		for name, value := range attributes {
			switch {
			case value.S != nil:
				item[name] = text(*value.S)
			case value.BOOL != nil:
				item[name] = &types.AttributeValueMemberBOOL{Value: *value.BOOL}
			default:
				item[name] = number(value.N)
			}
		}
		items = append(items, item)
	}
	return items
}
