// Package dynamo stores auth's users, clients and sessions in one DynamoDB table with the keys pk and sk. It needs no
// index: everything that a sign-in looks up is a key, so that all its reads can be consistent.
package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
	"latchkey/internal/awswire"
)

// Store implements all of auth's store ports over one table. Its only state is its connections, and it may be used
// concurrently.
type Store struct {
	client *dynamodb.Client
	table  string
}

// New returns a store over the table and calls nothing. Use a configuration from ForLogin for sign-ins, and one without its
// limits for long listings over a slow line.
func New(cfg aws.Config, table string) *Store {
	client := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.Retryer = withTransactions(o.Retryer)
		o.APIOptions = append(slices.Clip(o.APIOptions), awswire.RefuseEmpty)
	})
	return &Store{client: client, table: table}
}

// Warm makes one cheap read, so that the first sign-in has an open connection; its error wraps ErrUnavailable.
func (s *Store) Warm(ctx context.Context) error {
	_, err := s.get(ctx, "warm up", key{"WARM", "WARM"})
	return err
}

// get reads one item consistently; it returns nil if there is none.
func (s *Store) get(ctx context.Context, action string, k key) (item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: k.item(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, unavailable(action, err)
	}
	return out.Item, nil
}

// read reads and decodes one item, or returns auth.ErrNotFound.
func read[T any](ctx context.Context, s *Store, action string, k key, from func(*fields) T) (T, error) {
	var none T
	it, err := s.get(ctx, action, k)
	if err != nil {
		return none, err
	}
	if it == nil {
		return none, auth.ErrNotFound
	}
	return decode(action, it, from)
}

// readAll reads and decodes all items that the query finds, page by page.
func readAll[T any](ctx context.Context, s *Store, action string, query *dynamodb.QueryInput, from func(*fields) T) ([]T, error) {
	var all []T
	for pages := dynamodb.NewQueryPaginator(s.client, query); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unavailable(action, err)
		}
		for _, it := range page.Items {
			one, err := decode(action, it, from)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// confirmed turns the error of a single write into the port's: refusal if the write's condition failed, nil if it is done.
func confirmed(action string, err, refusal error) error {
	switch {
	case err == nil:
		return nil
	case isRefused(err):
		return refusal
	}
	return unavailable(action, err)
}

func isRefused(err error) bool {
	var failed *types.ConditionalCheckFailedException
	return errors.As(err, &failed)
}

// unavailable wraps an error that says nothing about the data. DynamoDB's own texts name operations, tables and attributes,
// never their values.
func unavailable(action string, err error) error {
	return fmt.Errorf("%s: %w: %w", action, auth.ErrUnavailable, err)
}
