package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"latchkey/internal/auth"
)

// PublicKeys reads one item: 1 RRU.
func (s *Store) PublicKeys(ctx context.Context) ([]byte, error) {
	const attempted = "read the public keys"
	it, err := s.get(ctx, attempted, publicKeysKey())
	if err != nil {
		return nil, err
	}
	if it == nil {
		return nil, auth.ErrNotFound
	}
	f := fields{item: it}
	jwks := f.text("jwks")
	if f.err != nil {
		return nil, unavailable(attempted, f.err)
	}
	return []byte(jwks), nil
}

// PutPublicKeys replaces one item.
func (s *Store) PutPublicKeys(ctx context.Context, jwks []byte) error {
	it := publicKeysKey().item()
	it.setText("jwks", string(jwks))
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: it})
	return written("put the public keys", err, nil)
}
