package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

// CountAttempt is one conditional write, and a second one only if two attempts at once begin a forgotten pair again.
func (s *Store) CountAttempt(ctx context.Context, k auth.AttemptKeys, seen, next auth.Pair, free int64) error {
	// A write that the SDK repeats because its answer was lost finds its own tryId and is counted once, unless another
	// attempt was counted in between.
	const action = "count the attempt"
	id := rand.Text()
	values := item{":one": number(1), ":id": text(id)}
	values.setTime(":at", next.LastAt)
	values.setNumber(":ttl", next.ExpiresAt().Unix()+1)
	same := "failures = :seen AND lastAt = :seenAt"
	if next.Failures != seen.Failures+1 {
		first := item{":at": values[":at"], ":ttl": values[":ttl"], ":id": values[":id"], ":seen": number(seen.Failures), ":next": number(next.Failures)}
		first.setTime(":seenAt", seen.LastAt)
		err := s.update(ctx, pairKey(k), "SET failures = :next, lastAt = :at, tryId = :id, #ttl = :ttl", same, first)
		if err == nil || !isRefused(err) {
			return confirmed(action, err, nil)
		}
		same = ""
	}
	condition := "attribute_not_exists(failures) OR failures < :free"
	values[":free"] = number(free)
	if same != "" && seen.Failures > 0 {
		condition += " OR (" + same + ")"
		values[":seen"] = number(seen.Failures)
		values.setTime(":seenAt", seen.LastAt)
	}
	err := s.update(ctx, pairKey(k), "SET lastAt = :at, tryId = :id, #ttl = :ttl ADD failures :one", "NOT tryId = :id AND ("+condition+")", values)
	if counted(err, id) {
		return nil
	}
	return confirmed(action, err, auth.ErrConflict)
}

// counted reports whether a write was refused because it had been done already: by itself, its answer lost.
func counted(err error, id string) bool {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return false
	}
	f := fields{item: failed.Item}
	return f.text("tryId") == id
}

// UndoAttempt is one conditional write, and a second one if other attempts were counted meanwhile. The tryId shows that a
// write which the SDK sends again, after a lost answer, was done already.
func (s *Store) UndoAttempt(ctx context.Context, k auth.AttemptKeys, counted, seen auth.Pair) error {
	const action = "undo the attempt"
	id := text(rand.Text())
	values := item{":counted": number(counted.Failures), ":seen": number(seen.Failures), ":id": id}
	values.setTime(":at", counted.LastAt)
	values.setTime(":seenAt", seen.LastAt)
	restore := "SET failures = :seen, tryId = :id, lastAt = :seenAt"
	if seen.LastAt.IsZero() {
		restore = "SET failures = :seen, tryId = :id REMOVE lastAt"
	}
	err := s.update(ctx, pairKey(k), restore, "failures = :counted AND lastAt = :at", values)
	if isRefused(err) {
		err = s.update(ctx, pairKey(k), "SET tryId = :id ADD failures :less", "failures > :none AND NOT tryId = :id",
			item{":less": number(-1), ":none": number(0), ":id": id})
	}
	return confirmed(action, err, nil)
}

// ClearAttempts replaces the item.
func (s *Store) ClearAttempts(ctx context.Context, k auth.AttemptKeys, knownUntil time.Time) error {
	it := pairKey(k).item()
	it.setNumber("failures", 0)
	it.setTime("knownUntil", knownUntil)
	it.setNumber("ttl", knownUntil.Unix()+1)
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: it})
	return confirmed("clear the attempts", err, nil)
}

// CountFailure is one conditional write while the window is as it was seen, and two if others were quicker. A repeated write is
// recognized as in CountAttempt.
func (s *Store) CountFailure(ctx context.Context, k auth.AttemptKeys, seen, next auth.Window) error {
	const action = "count the failure"
	id := rand.Text()
	values := item{":one": number(1), ":id": text(id)}
	values.setTime(":since", next.Since)
	values.setTime(":expires", next.ExpiresAt)
	values.setNumber(":ttl", next.ExpiresAt.Unix()+1)
	if !next.Since.Equal(seen.Since) {
		condition, begin := "attribute_not_exists(since)", maps.Clone(values)
		if !seen.Since.IsZero() {
			condition += " OR since = :seen"
			begin.setTime(":seen", seen.Since)
		}
		err := s.update(ctx, windowKey(k), "SET failures = :one, since = :since, expiresAt = :expires, tryId = :id, #ttl = :ttl", condition, begin)
		if err == nil || !isRefused(err) {
			return confirmed(action, err, nil)
		}
	}
	err := s.update(ctx, windowKey(k), "SET since = if_not_exists(since, :since), expiresAt = if_not_exists(expiresAt, :expires), "+
		"tryId = :id, #ttl = if_not_exists(#ttl, :ttl) ADD failures :one", "NOT tryId = :id", values)
	if counted(err, id) {
		return nil
	}
	return confirmed(action, err, nil)
}

func (s *Store) update(ctx context.Context, k key, expression, condition string, values item) error {
	input := &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: k.item(), UpdateExpression: &expression, ExpressionAttributeValues: values,
	}
	if strings.Contains(expression, "#ttl") { // a reserved word; an unused name is an error
		input.ExpressionAttributeNames = map[string]string{"#ttl": "ttl"}
	}
	if condition != "" {
		input.ConditionExpression = &condition
		input.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	_, err := s.client.UpdateItem(ctx, input)
	return err
}

// UserAttempts queries the user's window and pairs, page by page.
func (s *Store) UserAttempts(ctx context.Context, user string) (auth.Window, map[string]auth.Pair, error) {
	const action = "read the user's attempts"
	var window auth.Window
	pairs := map[string]auth.Pair{}
	err := s.eachAttempt(ctx, user, func(f *fields) error {
		if source, ok := strings.CutPrefix(f.text("sk"), fromPrefix); ok {
			pairs[source] = pairFrom(f)
		} else {
			window = windowFrom(f)
		}
		return f.err
	})
	if err != nil {
		return auth.Window{}, nil, unavailable(action, err)
	}
	return window, pairs, nil
}

// ForgetAttempts deletes page by page. It keeps known sources and resets their failures; an attempt that is counted
// meanwhile may stay.
func (s *Store) ForgetAttempts(ctx context.Context, user string) error {
	const action = "forget the user's attempts"
	var keys []map[string]types.AttributeValue
	err := s.eachAttempt(ctx, user, func(f *fields) error {
		k := key{f.text("pk"), f.text("sk")}
		if pairFrom(f).KnownUntil.IsZero() {
			keys = append(keys, k.item())
			return f.err
		}
		err := s.update(ctx, k, "SET failures = :none REMOVE lastAt", "attribute_exists(pk)", item{":none": number(0)})
		if isRefused(err) { // it has expired meanwhile
			return nil
		}
		return err
	})
	if err == nil {
		err = s.deleteEvery(ctx, keys)
	}
	return confirmed(action, err, nil)
}

// ForgetSources updates each pair that is known, page by page; a sign-in that ends meanwhile may make its source known again.
func (s *Store) ForgetSources(ctx context.Context, user string) error {
	const action = "forget the user's known sources"
	err := s.eachAttempt(ctx, user, func(f *fields) error {
		if pairFrom(f).KnownUntil.IsZero() || f.err != nil {
			return f.err
		}
		err := s.update(ctx, key{f.text("pk"), f.text("sk")}, "REMOVE knownUntil", "attribute_exists(pk)", nil)
		if isRefused(err) { // it has expired meanwhile
			return nil
		}
		return err
	})
	return confirmed(action, err, nil)
}

func (s *Store) eachAttempt(ctx context.Context, user string, visit func(*fields) error) error {
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :user"),
		ExpressionAttributeValues: item{":user": text(attemptsPrefix + user)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, it := range page.Items {
			if err := visit(&fields{item: it}); err != nil {
				return err
			}
		}
	}
	return nil
}

func pairFrom(f *fields) auth.Pair {
	return auth.Pair{Failures: f.number("failures"), LastAt: f.time("lastAt"), KnownUntil: f.time("knownUntil")}
}

func windowFrom(f *fields) auth.Window {
	return auth.Window{Failures: f.number("failures"), Since: f.time("since"), ExpiresAt: f.time("expiresAt")}
}
