package dynamo

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"latchkey/internal/auth"
)

var errSessionID = errors.New("a session's id and its user's have 1 to 1,016 and 1 to 2,043 bytes of UTF-8")

// Session reads one item, whether or not the session has expired: 1 RRU.
func (s *Store) Session(ctx context.Context, userID, sessionID string) (auth.Session, error) {
	k, ok := sessionKey(userID, sessionID)
	if !ok {
		return auth.Session{}, auth.ErrNotFound
	}
	return read(ctx, s, "read the session", k, sessionFrom)
}

// SessionAndUser reads both items in one batch: 1 RRU for each, up to 4 KB of user.
func (s *Store) SessionAndUser(ctx context.Context, userID, sessionID string) (auth.Session, auth.User, error) {
	const action = "read the session and its user"
	sk, okSession := sessionKey(userID, sessionID)
	uk, okUser := userKey(userID)
	if !okSession || !okUser {
		return auth.Session{}, auth.User{}, auth.ErrNotFound
	}
	found, err := s.getAll(ctx, action, []key{sk, uk})
	if err != nil {
		return auth.Session{}, auth.User{}, err
	}
	if len(found) < 2 {
		return auth.Session{}, auth.User{}, auth.ErrNotFound
	}
	if (&fields{item: found[0]}).text("sk") == userSort {
		found[0], found[1] = found[1], found[0]
	}
	f, g := fields{item: found[0]}, fields{item: found[1]}
	session, user := sessionFrom(&f), userFrom(&g)
	if err := errors.Join(f.err, g.err); err != nil {
		return auth.Session{}, auth.User{}, unavailable(action, err)
	}
	return session, user, nil
}

// RotateSession is one conditional write: 1 WRU. The item's writeId distinguishes the same rotation sent again, after a
// lost answer, from another one.
func (s *Store) RotateSession(ctx context.Context, next auth.Session, from int64) error {
	const action = "rotate the session"
	k, ok := sessionKey(next.UserID, next.ID)
	if !ok {
		return auth.ErrNotFound
	}
	changed := sessionTimes(next)
	changed.setNumber("from", from)
	changed.setText("writeId", rand.Text())
	values := item{}
	for name, value := range changed {
		values[":"+name] = value
	}
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: k.item(),
		UpdateExpression: aws.String("SET generation = :generation, rotatedAt = :rotatedAt, lastUsedAt = :lastUsedAt, " +
			"expiresAt = :expiresAt, writeId = :writeId, #ttl = :ttl"),
		ConditionExpression:                 aws.String("generation = :from OR writeId = :writeId"),
		ExpressionAttributeNames:            map[string]string{"#ttl": "ttl"}, // a reserved word
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) && len(failed.Item) == 0 {
		return auth.ErrNotFound
	}
	return confirmed(action, err, auth.ErrConflict)
}

// SessionsOf queries the user's sessions in descending order of their ids: 1 RRU for about 10 sessions.
func (s *Store) SessionsOf(ctx context.Context, userID, before string, limit int) ([]auth.Session, error) {
	const action = "list the user's sessions"
	k, ok := sessionKey(userID, cmp.Or(before, "any"))
	if !ok {
		return nil, nil
	}
	query := s.sessionQuery(k)
	query.ScanIndexForward, query.Limit = aws.Bool(false), aws.Int32(int32(limit))
	if before != "" {
		query.ExclusiveStartKey = k.item()
	}
	var found []auth.Session
	for pages := dynamodb.NewQueryPaginator(s.client, query); pages.HasMorePages() && len(found) < limit; {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unavailable(action, err)
		}
		for _, it := range page.Items {
			session, err := decode(action, it, sessionFrom)
			if err != nil {
				return nil, err
			}
			found = append(found, session)
		}
	}
	return found[:min(len(found), limit)], nil
}

// LimitSessions reads the keys of all the user's sessions: 1 RRU for about 10 of them. It deletes page by page.
func (s *Store) LimitSessions(ctx context.Context, userID, client string, keep int) error {
	const action = "limit the user's sessions"
	k, ok := sessionKey(userID, "any")
	if !ok {
		return nil
	}
	query := s.sessionQuery(k)
	query.ScanIndexForward, query.ProjectionExpression = aws.Bool(false), aws.String("pk, sk, client")
	for pages := dynamodb.NewQueryPaginator(s.client, query); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unavailable(action, err)
		}
		var surplus []map[string]types.AttributeValue
		for _, it := range page.Items {
			f := fields{item: it}
			if f.text("client") != client {
				continue
			}
			if keep--; keep < 0 {
				surplus = append(surplus, key{f.text("pk"), f.text("sk")}.item())
			}
		}
		if err := s.deleteEvery(ctx, surplus); err != nil {
			return unavailable(action, err)
		}
	}
	return nil
}

// EndSession deletes one item, whether or not it exists: 1 WRU.
func (s *Store) EndSession(ctx context.Context, userID, sessionID string) error {
	k, ok := sessionKey(userID, sessionID)
	if !ok {
		return nil
	}
	_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.table, Key: k.item()})
	return confirmed("end the session", err, nil)
}

func (s *Store) sessionQuery(k key) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :user AND begins_with(sk, :session)"),
		ExpressionAttributeValues: item{":user": text(k.pk), ":session": text(sessionPrefix)},
	}
}

// EndSessions deletes the user's sessions and devices page by page, and the last session in a separate call. What is
// put meanwhile may stay.
func (s *Store) EndSessions(ctx context.Context, userID, last string) error {
	// The caller changes the user first, so that a session or device which is put meanwhile has an older epoch. One
	// query finds both, and other items between them, which stay.
	const action = "end the user's sessions"
	k, ok := sessionKey(userID, "any")
	if !ok {
		return nil
	}
	query := s.sessionQuery(k)
	query.KeyConditionExpression = aws.String("pk = :user AND sk BETWEEN :device AND :end")
	query.ExpressionAttributeValues = item{":user": text(k.pk), ":device": text(devicePrefix), ":end": text(sessionEnd)}
	query.ProjectionExpression = aws.String("pk, sk")
	pages := dynamodb.NewQueryPaginator(s.client, query)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unavailable(action, err)
		}
		others := slices.DeleteFunc(page.Items, func(it map[string]types.AttributeValue) bool {
			sort := (&fields{item: it}).text("sk")
			session, device := strings.HasPrefix(sort, sessionPrefix), strings.HasPrefix(sort, devicePrefix)
			return !device && !session || sort == sessionPrefix+last
		})
		if err := s.deleteEvery(ctx, others); err != nil {
			return unavailable(action, err)
		}
	}
	return s.EndSession(ctx, userID, last)
}

const (
	maxBatch      = 25 // writes, DynamoDB's limit
	deletesAtOnce = 32 // batches: 800 deletes are nearly what one partition takes in a second

	deleteLimit = 5 * time.Second // for one batch
)

// deleteEvery deletes the items concurrently. All sessions of a user are in one partition, which takes 1,000 writes a second,
// so batches that DynamoDB throttles are sent again, for a limited time.
func (s *Store) deleteEvery(ctx context.Context, keys []map[string]types.AttributeValue) error {
	deletes, ctx := errgroup.WithContext(ctx)
	deletes.SetLimit(deletesAtOnce)
	for batch := range slices.Chunk(keys, maxBatch) {
		deletes.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, deleteLimit)
			defer cancel()
			return retryThrottled(ctx, func() error { return s.deleteBatch(ctx, batch) })
		})
	}
	return deletes.Wait()
}

func (s *Store) deleteBatch(ctx context.Context, keys []map[string]types.AttributeValue) error {
	var deletes []types.WriteRequest
	for _, k := range keys {
		deletes = append(deletes, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: k}})
	}
	pending := map[string][]types.WriteRequest{s.table: deletes}
	for round := range attempts {
		if err := pauseBeforeRetry(ctx, round); err != nil {
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
	return errUnprocessed
}

func sessionItem(s auth.Session) (item, error) {
	k, ok := sessionKey(s.UserID, s.ID)
	if !ok {
		return nil, errSessionID
	}
	it := sessionTimes(s)
	maps.Copy(it, k.item())
	it.setText("nonce", s.Nonce)
	it.setNumber("passwordEpoch", s.PasswordEpoch)
	it.setText("contract", s.Contract)
	it.setText("org", s.Org)
	it.setNumber("accessLife", s.AccessLife.Milliseconds())
	it.setText("client", s.Client)
	it.setText("source", s.Source)
	it.setText("clientKind", string(s.ClientKind))
	it.setText("actorId", s.ActorID)
	it.setText("targetId", s.TargetID)
	it.setText("device", s.DeviceID)
	it.setText("amr", strings.Join(s.AMR, ","))
	it.setTime("authTime", s.AuthTime)
	it.setTime("createdAt", s.CreatedAt)
	it.setText("writeId", rand.Text())
	return it, it.checkSize()
}

// sessionTimes are the attributes that a rotation changes.
func sessionTimes(s auth.Session) item {
	it := item{}
	it.setNumber("generation", s.Generation)
	it.setTime("rotatedAt", s.RotatedAt)
	it.setTime("lastUsedAt", s.LastUsedAt)
	it.setTime("expiresAt", s.ExpiresAt)
	if !s.ExpiresAt.IsZero() {
		it.setNumber("ttl", s.ExpiresAt.Unix()+1) // DynamoDB may delete from then on, never before expiresAt
	}
	return it
}

func sessionFrom(f *fields) auth.Session {
	return auth.Session{
		ID: strings.TrimPrefix(f.text("sk"), sessionPrefix), UserID: strings.TrimPrefix(f.text("pk"), userPrefix),
		Nonce:      f.text("nonce"),
		Generation: f.number("generation"), PasswordEpoch: f.number("passwordEpoch"),
		Contract: f.text("contract"), Org: f.text("org"), AccessLife: time.Duration(f.number("accessLife")) * time.Millisecond,
		Client: f.text("client"), Source: f.text("source"), ActorID: f.text("actorId"), TargetID: f.text("targetId"), DeviceID: f.text("device"),
		ClientKind: auth.ClientKind(f.text("clientKind")), AMR: f.list("amr"), AuthTime: f.time("authTime"),
		CreatedAt: f.time("createdAt"), RotatedAt: f.time("rotatedAt"),
		LastUsedAt: f.time("lastUsedAt"), ExpiresAt: f.time("expiresAt"),
	}
}
