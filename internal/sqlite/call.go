package sqlite

import (
	"context"
	"database/sql"
	"time"
)

// row is what sql.Row and sql.Rows have in common.
type row interface{ Scan(dest ...any) error }

// readOne runs a query for at most one row; none is sql.ErrNoRows.
func readOne[T any](ctx context.Context, stmt *sql.Stmt, scan func(row) (T, error), args ...any) (got T, err error) {
	err = patiently(ctx, func() error {
		got, err = scan(stmt.QueryRow(args...))
		return err
	})
	return got, err
}

// readAll runs a query for as many rows as it has; bounding them is the query's business.
func readAll[T any](ctx context.Context, stmt *sql.Stmt, scan func(row) (T, error), args ...any) (got []T, err error) {
	err = patiently(ctx, func() error {
		got = nil
		rows, err := stmt.Query(args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			one, err := scan(rows)
			if err != nil {
				return err
			}
			got = append(got, one)
		}
		return rows.Err()
	})
	return got, err
}

// write runs one statement and returns how many rows it changed. A statement of its own is a transaction that takes
// the write lock before it reads, as BEGIN IMMEDIATE does, so nothing it has seen can change under it.
func (s *Store) write(ctx context.Context, stmt *sql.Stmt, args ...any) (changed int64, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.unlock()
	return s.writeLocked(ctx, stmt, args...)
}

func (s *Store) writeLocked(ctx context.Context, stmt *sql.Stmt, args ...any) (changed int64, err error) {
	err = patiently(ctx, func() (err error) {
		changed, err = execute(stmt, args...)
		return err
	})
	if err == nil {
		s.log.written()
	}
	return changed, err
}

// execute runs the statement once and returns how many rows it changed.
func execute(stmt *sql.Stmt, args ...any) (changed int64, err error) {
	result, err := stmt.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s *Store) lock(ctx context.Context) error {
	select {
	case s.writing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) unlock() { <-s.writing }

const (
	longestWait = 5 * time.Second       // for another process, where the context has no earlier end
	longestNap  = 10 * time.Millisecond // between two tries
)

// patiently calls f until another process's lock is not in its way; f must then have done nothing.
func patiently(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := f()
	if !isBusy(err) {
		return err
	}
	patience := time.After(longestWait)
	for nap := time.Millisecond; isBusy(err); nap = min(2*nap, longestNap) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience:
			return err
		case <-time.After(nap):
			err = f()
		}
	}
	return err
}
