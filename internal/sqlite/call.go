package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"latchkey/internal/auth"
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
	return writeLocked(ctx, stmt, args...)
}

func writeLocked(ctx context.Context, stmt *sql.Stmt, args ...any) (changed int64, err error) {
	err = patiently(ctx, func() error {
		result, err := stmt.Exec(args...)
		if err != nil {
			return err
		}
		changed, err = result.RowsAffected()
		return err
	})
	return changed, err
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
	ctx, cancel := context.WithTimeoutCause(ctx, longestWait, err)
	defer cancel()
	for nap := time.Millisecond; isBusy(err); nap = min(2*nap, longestNap) {
		select {
		case <-time.After(nap):
			err = f()
		case <-ctx.Done():
			return context.Cause(ctx) // the lock where it outlasted our patience, else why the caller's context ended
		}
	}
	return err
}

// failed says what was attempted and turns what SQLite said into an error of auth, by its result code. SQLite's own
// text names tables and columns and never a value.
func failed(attempt string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		err = auth.ErrNotFound
	case isTaken(err):
		err = auth.ErrConflict
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded): // the caller's, not the store's
	default:
		return fmt.Errorf("%s: %w: %w", attempt, auth.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", attempt, err)
}

func isTaken(err error) bool {
	code := resultCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

func isBusy(err error) bool { return resultCode(err)&0xff == sqlite3.SQLITE_BUSY }

// resultCode returns SQLite's extended result code, whose low byte is the primary one, or zero for other errors.
func resultCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// advised adds to an error of opening the store what its reader can do about it.
func advised(err error) error {
	var advice string
	switch resultCode(err) & 0xff {
	case sqlite3.SQLITE_NOTADB:
		advice = "the file is not a store: name another one"
	case sqlite3.SQLITE_CORRUPT:
		advice = "the file is damaged: restore a backup, or name another file and import the users again"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		advice = "this user must be allowed to write the file and its directory"
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
		advice = "the disk is full or failing: make room or use another one"
	case sqlite3.SQLITE_BUSY:
		advice = "another program keeps the file locked: end it first"
	default:
		return err
	}
	return fmt.Errorf("%s: %w", advice, err)
}
