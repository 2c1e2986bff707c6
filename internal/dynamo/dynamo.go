// Package dynamo keeps auth's users, clients and sessions in one DynamoDB table with the keys pk and sk. It
// needs no index: whatever a sign-in looks up is a key, so that every read of it can be consistent.
package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

// Store implements all of auth's store ports over one table. It holds no state but its connections, and may be used
// concurrently.
type Store struct {
	client *dynamodb.Client
	table  string
}

// New returns a store over the table and calls nothing. A configuration for sign-ins comes from ForLogin; one
// for long listings over a slow line is better without its limits.
func New(cfg aws.Config, table string) *Store {
	client := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.Retryer = withTransactions(o.Retryer)
	})
	return &Store{client: client, table: table}
}

// Warm makes one cheap read, so that the first sign-in finds an open connection; its error wraps ErrUnavailable.
func (s *Store) Warm(ctx context.Context) error {
	_, err := s.get(ctx, "warm up", key{"WARM", "WARM"})
	return err
}

// get reads one item consistently; one that is absent is nil.
func (s *Store) get(ctx context.Context, attempted string, k key) (item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: k.item(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, unavailable(attempted, err)
	}
	return out.Item, nil
}

// read is get for an item that has to be there, and decodes it.
func read[T any](ctx context.Context, s *Store, attempted string, k key, from func(*fields) T) (T, error) {
	var none T
	it, err := s.get(ctx, attempted, k)
	if err != nil {
		return none, err
	}
	if it == nil {
		return none, auth.ErrNotFound
	}
	return decode(attempted, it, from)
}

// readAll reads what the query finds, page by page, and decodes it.
func readAll[T any](ctx context.Context, s *Store, attempted string, query *dynamodb.QueryInput, from func(*fields) T) ([]T, error) {
	var all []T
	for pages := dynamodb.NewQueryPaginator(s.client, query); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unavailable(attempted, err)
		}
		for _, it := range page.Items {
			one, err := decode(attempted, it, from)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// written returns how a single write ended, and refusal where its own condition failed.
func written(attempted string, err, refusal error) error {
	switch {
	case err == nil:
		return nil
	case isRefused(err):
		return refusal
	}
	return unavailable(attempted, err)
}

func isRefused(err error) bool {
	var failed *types.ConditionalCheckFailedException
	return errors.As(err, &failed)
}

// unavailable wraps what is no answer about the data. DynamoDB's own texts name operations, tables and
// attributes, never their values.
func unavailable(attempted string, err error) error {
	return fmt.Errorf("%s: %w: %w", attempted, auth.ErrUnavailable, err)
}
