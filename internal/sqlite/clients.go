package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"latchkey/internal/auth"
)

const (
	selectClient = "SELECT key_hash, name, kind, disabled, created_at, expires_at FROM clients"
	insertClient = "INSERT INTO clients (key_hash, name, kind, disabled, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)"
)

// CreateClient adds the client, or returns auth.ErrConflict if its key hash is taken.
func (s *Store) CreateClient(ctx context.Context, c auth.Client) error {
	_, err := s.write(ctx, s.createClient, c.KeyHash, c.Name, string(c.Kind), c.Disabled, c.CreatedAt.UnixMilli(),
		c.ExpiresAt.UnixMilli())
	return failed("create the client", err)
}

// AllClients returns every client, oldest first; clients of the same millisecond are ordered by key hash.
func (s *Store) AllClients(ctx context.Context) ([]auth.Client, error) {
	all, err := readAll(ctx, s.allClients, scanClient)
	return all, failed("list the clients", err)
}

// DisableClient makes the key stop working, or returns auth.ErrNotFound; disabling it twice is not an error.
func (s *Store) DisableClient(ctx context.Context, keyHash string) error {
	return s.changeClient(ctx, "disable the client", s.disableClient, keyHash)
}

// ExpireClient makes the key stop working at the given time, or returns auth.ErrNotFound.
func (s *Store) ExpireClient(ctx context.Context, keyHash string, at time.Time) error {
	return s.changeClient(ctx, "let the client expire", s.expireClient, at.UnixMilli(), keyHash)
}

func (s *Store) changeClient(ctx context.Context, action string, stmt *sql.Stmt, args ...any) error {
	changed, err := s.write(ctx, stmt, args...)
	if err == nil && changed == 0 {
		return fmt.Errorf("%s: %w", action, auth.ErrNotFound)
	}
	return failed(action, err)
}

func scanClient(r row) (c auth.Client, err error) {
	var created, expires int64
	if err := r.Scan(&c.KeyHash, &c.Name, &c.Kind, &c.Disabled, &created, &expires); err != nil {
		return auth.Client{}, err
	}
	c.CreatedAt, c.ExpiresAt = timeOf(created), timeOf(expires)
	return c, nil
}
