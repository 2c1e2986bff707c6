package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

var errSessionID = errors.New("a session's id and its user's have 1 to 1,016 and 1 to 2,043 bytes of UTF-8")

// Session reads one item.
func (s *Store) Session(ctx context.Context, userID, sessionID string) (auth.Session, error) {
	k, ok := sessionKey(userID, sessionID)
	if !ok {
		return auth.Session{}, auth.ErrNotFound
	}
	return read(ctx, s, "read the session", k, sessionFrom)
}

// EndSessions deletes page by page. A session that is put meanwhile may stay: the caller changes the user
// first, so that such a session is of an older epoch.
func (s *Store) EndSessions(ctx context.Context, userID string) error {
	const attempted = "end the user's sessions"
	k, ok := sessionKey(userID, "any")
	if !ok {
		return nil
	}
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("pk, sk"),
		KeyConditionExpression:    aws.String("pk = :user AND begins_with(sk, :session)"),
		ExpressionAttributeValues: item{":user": text(k.pk), ":session": text(sessionPrefix)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unavailable(attempted, err)
		}
		for batch := range slices.Chunk(page.Items, maxBatch) {
			if err := s.deleteAll(ctx, batch); err != nil {
				return unavailable(attempted, err)
			}
		}
	}
	return nil
}

const maxBatch = 25 // writes, DynamoDB's limit

func (s *Store) deleteAll(ctx context.Context, keys []map[string]types.AttributeValue) error {
	var deletes []types.WriteRequest
	for _, k := range keys {
		deletes = append(deletes, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: k}})
	}
	pending := map[string][]types.WriteRequest{s.table: deletes}
	for round := range tries {
		if err := again(ctx, round); err != nil {
			return err
		}
		out, err := s.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: pending})
		if err != nil {
			return err
		}
		if pending = out.UnprocessedItems; len(pending) == 0 {
			return nil
		}
	}
	return errUndone
}

func sessionItem(s auth.Session) (item, error) {
	k, ok := sessionKey(s.UserID, s.ID)
	if !ok {
		return nil, errSessionID
	}
	it := k.item()
	it.setText("nonce", s.Nonce)
	it.setNumber("generation", s.Generation)
	it.setNumber("passwordEpoch", s.PasswordEpoch)
	it.setText("contract", s.Contract)
	it.setText("client", s.Client)
	it.setText("source", s.Source)
	it.setText("actorId", s.ActorID)
	it.setTime("createdAt", s.CreatedAt)
	it.setTime("rotatedAt", s.RotatedAt)
	it.setTime("lastUsedAt", s.LastUsedAt)
	it.setTime("expiresAt", s.ExpiresAt)
	if !s.ExpiresAt.IsZero() {
		it.setNumber("ttl", s.ExpiresAt.Unix()+1) // DynamoDB may delete from then on, never before expiresAt
	}
	it.setText("writeId", rand.Text())
	return it, it.fits()
}

func sessionFrom(f *fields) auth.Session {
	return auth.Session{
		ID: strings.TrimPrefix(f.text("sk"), sessionPrefix), UserID: strings.TrimPrefix(f.text("pk"), userPrefix),
		Nonce:      f.text("nonce"),
		Generation: f.number("generation"), PasswordEpoch: f.number("passwordEpoch"),
		Contract: f.text("contract"), Client: f.text("client"), Source: f.text("source"), ActorID: f.text("actorId"),
		CreatedAt: f.time("createdAt"), RotatedAt: f.time("rotatedAt"),
		LastUsedAt: f.time("lastUsedAt"), ExpiresAt: f.time("expiresAt"),
	}
}
