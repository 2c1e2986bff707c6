package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

var errKeyHash = errors.New("a key's hash has 1 to 1,024 bytes of UTF-8")

// CreateClient puts one item, as a transaction: see transactionRetryer.
func (s *Store) CreateClient(ctx context.Context, c auth.Client) error {
	const action = "create the client"
	it, err := clientItem(c)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return s.commit(ctx, action, s.putNew(it))
}

// AllClients reads all clients, which share one pk, and sorts them.
func (s *Store) AllClients(ctx context.Context) ([]auth.Client, error) {
	all, err := readAll(ctx, s, "list the clients", &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :clients"),
		ExpressionAttributeValues: item{":clients": text(clientsHash)},
	}, clientFrom)
	slices.SortStableFunc(all, func(a, b auth.Client) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all, err
}

// DisableClient is one conditional write; the next sign-in sees it, because it reads consistently.
func (s *Store) DisableClient(ctx context.Context, keyHash string) error {
	return s.changeClient(ctx, "disable the client", keyHash, "SET disabled = :to", flag(true))
}

// ExpireClient is one conditional write, like DisableClient.
func (s *Store) ExpireClient(ctx context.Context, keyHash string, at time.Time) error {
	return s.changeClient(ctx, "let the client expire", keyHash, "SET expiresAt = :to", timeAttribute(at))
}

func (s *Store) changeClient(ctx context.Context, action, keyHash, change string, to types.AttributeValue) error {
	k, ok := clientKey(keyHash)
	if !ok {
		return auth.ErrNotFound
	}
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: k.item(),
		UpdateExpression:          &change,
		ConditionExpression:       aws.String("attribute_exists(pk)"),
		ExpressionAttributeValues: item{":to": to},
	})
	return confirmed(action, err, auth.ErrNotFound)
}

func clientItem(c auth.Client) (item, error) {
	k, ok := clientKey(c.KeyHash)
	if !ok {
		return nil, errKeyHash
	}
	it := k.item()
	it.setText("name", c.Name)
	it.setText("kind", string(c.Kind))
	it["disabled"] = flag(c.Disabled)
	it.setTime("createdAt", c.CreatedAt)
	it.setTime("expiresAt", c.ExpiresAt)
	return it, it.checkSize()
}

func clientFrom(f *fields) auth.Client {
	return auth.Client{
		KeyHash: f.text("sk"), Name: f.text("name"), Kind: auth.ClientKind(f.text("kind")),
		Disabled: f.flag("disabled"), CreatedAt: f.time("createdAt"), ExpiresAt: f.time("expiresAt"),
	}
}
