package dynamo

import (
	"context"
	"crypto/rand"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

// CountAttempt is one conditional write, and a second one only where a pair that was forgotten is begun anew by two tries
// at once. A try whose answer was lost, and which the SDK sends again, finds its tryId and counts twice: it errs on the
// side of fewer guesses, but is not taken for another's.
func (s *Store) CountAttempt(ctx context.Context, k auth.AttemptKeys, seen, next auth.Pair, free int64) error {
	const attempted = "count the try"
	values := item{":one": number(1), ":id": text(rand.Text())}
	values.setTime(":at", next.LastAt)
	values.setNumber(":ttl", next.ExpiresAt().Unix()+1)
	same := "failures = :seen AND lastAt = :seenAt"
	if next.Failures != seen.Failures+1 {
		first := item{":at": values[":at"], ":ttl": values[":ttl"], ":seen": number(seen.Failures), ":next": number(next.Failures)}
		first.setTime(":seenAt", seen.LastAt)
		err := s.update(ctx, pairKey(k), "SET failures = :next, lastAt = :at, #ttl = :ttl", same, first)
		if err == nil || !isRefused(err) {
			return written(attempted, err, nil)
		}
		same = ""
	}
	condition := "attribute_not_exists(failures) OR failures < :free OR tryId = :id"
	values[":free"] = number(free)
	if same != "" && seen.Failures > 0 {
		condition += " OR (" + same + ")"
		values[":seen"] = number(seen.Failures)
		values.setTime(":seenAt", seen.LastAt)
	}
	err := s.update(ctx, pairKey(k), "SET lastAt = :at, tryId = :id, #ttl = :ttl ADD failures :one", condition, values)
	return written(attempted, err, auth.ErrConflict)
}

// UndoAttempt is one conditional write, and a second one where others have tried meanwhile. By the tryId it knows what it
// took back already, and what the SDK sends again after a lost answer.
func (s *Store) UndoAttempt(ctx context.Context, k auth.AttemptKeys, counted, seen auth.Pair) error {
	const attempted = "take the try back"
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
	return written(attempted, err, nil)
}

// ClearAttempts replaces the item.
func (s *Store) ClearAttempts(ctx context.Context, k auth.AttemptKeys, knownUntil time.Time) error {
	it := pairKey(k).item()
	it.setNumber("failures", 0)
	it.setTime("knownUntil", knownUntil)
	it.setNumber("ttl", knownUntil.Unix()+1)
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: it})
	return written("clear the tries", err, nil)
}

// CountFailure is one conditional write while the window is as it was seen, and two where others were quicker.
func (s *Store) CountFailure(ctx context.Context, k auth.AttemptKeys, seen, next auth.Window) error {
	const attempted = "count the failure"
	values := item{":one": number(1)}
	values.setTime(":since", next.Since)
	values.setTime(":expires", next.ExpiresAt)
	values.setNumber(":ttl", next.ExpiresAt.Unix()+1)
	if !next.Since.Equal(seen.Since) {
		condition, begin := "attribute_not_exists(since)", maps.Clone(values)
		if !seen.Since.IsZero() {
			condition += " OR since = :seen"
			begin.setTime(":seen", seen.Since)
		}
		err := s.update(ctx, windowKey(k), "SET failures = :one, since = :since, expiresAt = :expires, #ttl = :ttl", condition, begin)
		if err == nil || !isRefused(err) {
			return written(attempted, err, nil)
		}
	}
	err := s.update(ctx, windowKey(k), "SET since = if_not_exists(since, :since), expiresAt = if_not_exists(expiresAt, :expires), "+
		"#ttl = if_not_exists(#ttl, :ttl) ADD failures :one", "", values)
	return written(attempted, err, nil)
}

func (s *Store) update(ctx context.Context, k key, expression, condition string, values item) error {
	input := &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: k.item(), UpdateExpression: &expression, ExpressionAttributeValues: values,
	}
	if strings.Contains(expression, "#ttl") { // a reserved word; naming it in vain is an error
		input.ExpressionAttributeNames = map[string]string{"#ttl": "ttl"}
	}
	if condition != "" {
		input.ConditionExpression = &condition
	}
	_, err := s.client.UpdateItem(ctx, input)
	return err
}

// UserAttempts queries the user's window and pairs, page by page.
func (s *Store) UserAttempts(ctx context.Context, user string) (auth.Window, map[string]auth.Pair, error) {
	const attempted = "read the user's tries"
	var window auth.Window
	pairs := map[string]auth.Pair{}
	err := s.eachTry(ctx, user, func(f *fields) error {
		if source, ok := strings.CutPrefix(f.text("sk"), fromPrefix); ok {
			pairs[source] = pairFrom(f)
		} else {
			window = windowFrom(f)
		}
		return f.err
	})
	if err != nil {
		return auth.Window{}, nil, unavailable(attempted, err)
	}
	return window, pairs, nil
}

// ForgetAttempts deletes page by page, but for known sources, of which it resets the failures; a try that is counted
// meanwhile may stay.
func (s *Store) ForgetAttempts(ctx context.Context, user string) error {
	const attempted = "forget the user's tries"
	var keys []map[string]types.AttributeValue
	err := s.eachTry(ctx, user, func(f *fields) error {
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
	return written(attempted, err, nil)
}

func (s *Store) eachTry(ctx context.Context, user string, visit func(*fields) error) error {
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :user"),
		ExpressionAttributeValues: item{":user": text(triesPrefix + user)},
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
