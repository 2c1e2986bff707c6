package sqlite

import (
	"context"
	"database/sql"
	"time"
)

// row is the part that sql.Row and sql.Rows have in common.
type row interface{ Scan(dest ...any) error }

// readOne runs a query for at most one row, or returns sql.ErrNoRows.
func readOne[T any](ctx context.Context, stmt *sql.Stmt, scan func(row) (T, error), args ...any) (got T, err error) {
	err = retryBusy(ctx, func() error {
		got, err = scan(stmt.QueryRow(args...))
		return err
	})
	return got, err
}

// readAll runs a query and returns all its rows; the query must bound them.
func readAll[T any](ctx context.Context, stmt *sql.Stmt, scan func(row) (T, error), args ...any) (got []T, err error) {
	err = retryBusy(ctx, func() error {
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

// write runs one statement and returns how many rows it changed. A single statement is a transaction that takes the write
// lock before it reads, like BEGIN IMMEDIATE, so nothing that it reads can change before it writes.
func (s *Store) write(ctx context.Context, stmt *sql.Stmt, args ...any) (changed int64, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.unlock()
	return s.writeLocked(ctx, stmt, args...)
}

func (s *Store) writeLocked(ctx context.Context, stmt *sql.Stmt, args ...any) (changed int64, err error) {
	err = retryBusy(ctx, func() (err error) {
		changed, err = execute(stmt, args...)
		return err
	})
	if err == nil {
		s.log.noteWrite()
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

// lock waits until no other call in this process writes.
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
	maxWait  = 5 * time.Second       // for another process, unless the context ends earlier
	maxPause = 10 * time.Millisecond // between two attempts
)

// retryBusy calls f again while another process holds the lock; f must do nothing when it is busy.
func retryBusy(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := f()
	if !isBusy(err) {
		return err
	}
	deadline := time.After(maxWait)
	for pause := time.Millisecond; isBusy(err); pause = min(2*pause, maxPause) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return err
		case <-time.After(pause):
			err = f()
		}
	}
	return err
}
