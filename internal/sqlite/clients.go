package sqlite

import (
	"context"
	"fmt"

	"latchkey/internal/auth"
)

const (
	selectClient = "SELECT key_hash, name, kind, disabled, created_at FROM clients"
	insertClient = "INSERT INTO clients (key_hash, name, kind, disabled, created_at) VALUES (?, ?, ?, ?, ?)"
)

// CreateClient adds the client, or returns auth.ErrConflict where its key hash is taken.
func (s *Store) CreateClient(ctx context.Context, c auth.Client) error {
	_, err := s.write(ctx, s.createClient, c.KeyHash, c.Name, string(c.Kind), c.Disabled, c.CreatedAt.UnixMilli())
	return failed("create the client", err)
}

// AllClients returns every client, oldest first, those of one millisecond by key hash.
func (s *Store) AllClients(ctx context.Context) ([]auth.Client, error) {
	all, err := readAll(ctx, s.allClients, scanClient)
	return all, failed("list the clients", err)
}

// DisableClient makes the key stop working, or returns auth.ErrNotFound; a disabled one stays so.
func (s *Store) DisableClient(ctx context.Context, keyHash string) error {
	const attempt = "disable the client"
	changed, err := s.write(ctx, s.disableClient, keyHash)
	if err == nil && changed == 0 {
		return fmt.Errorf("%s: %w", attempt, auth.ErrNotFound)
	}
	return failed(attempt, err)
}

func scanClient(r row) (c auth.Client, err error) {
	var created int64
	if err := r.Scan(&c.KeyHash, &c.Name, &c.Kind, &c.Disabled, &created); err != nil {
		return auth.Client{}, err
	}
	c.CreatedAt = moment(created)
	return c, nil
}
