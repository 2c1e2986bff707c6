package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"latchkey/internal/auth"
)

// failed wraps an error with the action and, by SQLite's result code, with an error of auth. SQLite's own text names tables
// and columns and never a value.
func failed(action string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		err = auth.ErrNotFound
	case isTaken(err):
		err = auth.ErrConflict
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded): // the caller's fault, not the store's
	default:
		return fmt.Errorf("%s: %w: %w", action, auth.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", action, err)
}

func isTaken(err error) bool {
	code := resultCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

func isBusy(err error) bool { return resultCode(err)&0xff == sqlite3.SQLITE_BUSY }

// resultCode returns SQLite's extended result code, whose low byte is the primary one, or zero for other errors.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// withAdvice adds to an error of Open what the operator can do about it.
func withAdvice(err error) error {
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
