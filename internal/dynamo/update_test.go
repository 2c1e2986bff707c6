package dynamo_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestUpdateMeanwhile promises that UpdateUser, which reads before it writes, loses against whatever happens to
// the user between the two.
func TestUpdateMeanwhile(t *testing.T) {
	again := authtest.Ada()
	again.Identifier = authtest.Identifier("countess@example.com")
	for _, tc := range []struct {
		name      string
		meanwhile func(s authtest.Store, r raw) error
		want      error
	}{
		{"the hash is replaced", func(s authtest.Store, _ raw) error { return s.ReplaceHash(t.Context(), "ada", "", "new") }, auth.ErrConflict},
		{"the user is deleted", func(_ authtest.Store, r raw) error { return r.delete(t, "USER#ada", "USER") }, auth.ErrNotFound},
		{"the user is deleted and made again", func(s authtest.Store, r raw) error {
			return errors.Join(r.delete(t, "USER#ada", "USER"), s.CreateUser(t.Context(), again))
		}, auth.ErrConflict},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := &wire{next: plainClient()}
			s, r := openOver(t, w)
			must(t, s.CreateUser(t.Context(), authtest.Ada()))
			w.spoil = func(op string, _ int, send func([]byte) answer, body []byte) answer {
				if op == "TransactWriteItems" {
					w.spoil = nil
					must(t, tc.meanwhile(s, r))
				}
				return send(body)
			}
			u := authtest.Ada()
			u.Version, u.Role = 1, "changed"
			if err := s.UpdateUser(t.Context(), u); !errors.Is(err, tc.want) {
				t.Errorf("UpdateUser: %v, want %v", err, tc.want)
			}
			if got, err := s.UserByID(t.Context(), "ada"); err == nil && got.Role == "changed" {
				t.Error("the user was overwritten")
			}
		})
	}
}

func (r raw) delete(t *testing.T, pk, sk string) error {
	t.Helper()
	_, err := r.client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: &r.table, Key: map[string]types.AttributeValue{"pk": text(pk), "sk": text(sk)},
	})
	return err
}
