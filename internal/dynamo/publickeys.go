package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// PublicKeys reads one item, which holds the whole JWKS: 1 RRU for each 4 KB.
func (s *Store) PublicKeys(ctx context.Context) ([]byte, error) {
	return read(ctx, s, "read the public keys", publicKeysKey(), func(f *fields) []byte { return []byte(f.text("jwks")) })
}

// PutPublicKeys replaces the item unconditionally: 1 WRU for each KB of JWKS.
func (s *Store) PutPublicKeys(ctx context.Context, jwks []byte) error {
	it := publicKeysKey().item()
	it.setText("jwks", string(jwks))
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: it})
	return confirmed("put the public keys", err, nil)
}
