package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

// LookUp reads the identifier's or the handle's pointer, the client, the counters and the device in one batch: 1 RRU for each.
func (s *Store) LookUp(ctx context.Context, q auth.LookupQuery) (auth.LookupResult, error) {
	const action = "look up the identifier"
	pointer, pair, user, source := loginKey(q.Identifier), pairKey(q.Attempts), windowKey(q.Attempts.OfUser()), windowKey(q.Attempts.OfSource())
	var keys []key
	if !q.Identifier.IsZero() {
		keys = append(keys, pointer)
	}
	if q.Handle != "" {
		pointer = handleKey(q.Handle)
		keys = append(keys, pointer)
	}
	client, ok := clientKey(q.KeyHash)
	if ok {
		keys = append(keys, client)
	}
	if q.Attempts.User != "" {
		keys = append(keys, user)
	}
	if q.Attempts.Source != "" {
		keys = append(keys, pair)
	}
	if q.Attempts.Network != "" {
		keys = append(keys, source)
	}
	device, ok := deviceKey(q.Device)
	if ok {
		keys = append(keys, device)
	}
	found, err := s.getAll(ctx, action, keys)
	if err != nil {
		return auth.LookupResult{}, err
	}
	var result auth.LookupResult
	for _, it := range found {
		f := fields{item: it}
		switch (key{f.text("pk"), f.text("sk")}) {
		case pointer:
			result.UserID = f.text("userId")
		case client:
			result.Client = clientFrom(&f)
		case pair:
			result.Counters.Pair = pairFrom(&f)
		case user:
			result.Counters.User = windowFrom(&f)
		case device:
			result.Device = deviceFrom(&f)
		case source:
			result.Counters.Source = windowFrom(&f)
		}
		if f.err != nil {
			return auth.LookupResult{}, unavailable(action, f.err)
		}
	}
	return result, nil
}

// getAll reads the items of different keys consistently, in one round trip unless DynamoDB leaves some unprocessed.
func (s *Store) getAll(ctx context.Context, action string, keys []key) ([]item, error) {
	switch len(keys) {
	case 0:
		return nil, nil
	case 1:
		it, err := s.get(ctx, action, keys[0])
		if it == nil {
			return nil, err
		}
		return []item{it}, nil
	}
	wanted := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
	for _, k := range keys {
		wanted.Keys = append(wanted.Keys, k.item())
	}
	pending := map[string]types.KeysAndAttributes{s.table: wanted}
	var found []item
	for round := range attempts {
		if err := pauseBeforeRetry(ctx, round); err != nil {
			return nil, unavailable(action, err)
		}
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: pending})
		if err != nil {
			return nil, unavailable(action, err)
		}
		if len(out.Responses)+len(out.UnprocessedKeys) == 0 { // DynamoDB names the table even if it has no item
			return nil, unavailable(action, errAnswer)
		}
		for _, items := range out.Responses { // of one table
			for _, it := range items {
				found = append(found, it)
			}
		}
		if pending = out.UnprocessedKeys; len(pending) == 0 {
			return found, nil
		}
	}
	return nil, unavailable(action, errUnprocessed)
}

// ReplaceHash compares and swaps the hash in one conditional write, which costs 1 WRU for each KB of the user.
func (s *Store) ReplaceHash(ctx context.Context, userID, old, new string) error {
	// If its answer is lost and the SDK sends it again, the second write finds the new hash and reports a conflict: the
	// hash is stored, and sign-ins ignore that error.
	k, ok := userKey(userID)
	if !ok {
		return auth.ErrConflict
	}
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: k.item(),
		UpdateExpression:    aws.String("SET passwordHash = :new ADD version :one"),
		ConditionExpression: aws.String("passwordHash = :old"),
		ExpressionAttributeValues: item{
			":old": text(old), ":new": text(new), ":one": number(1),
		},
	})
	return confirmed("replace the hash", err, auth.ErrConflict)
}

// PutSession is one conditional write of less than 1 KB: 1 WRU. The item's writeId distinguishes the same write sent again,
// after a lost answer, from another session with the same id.
func (s *Store) PutSession(ctx context.Context, session auth.Session) error {
	const action = "put the session"
	it, err := sessionItem(session)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: it,
		ConditionExpression:       aws.String("attribute_not_exists(pk) OR writeId = :writeId"),
		ExpressionAttributeValues: item{":writeId": it["writeId"]},
	})
	return confirmed(action, err, auth.ErrConflict)
}
