package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"

	"latchkey/internal/auth"
)

const usersPerPage = 64 // in memory while all users are listed

// CreateUsers adds the users in one transaction, so that they share one sync of the disk.
func (s *Store) CreateUsers(ctx context.Context, users []auth.User) []error {
	return s.writeEach(ctx, "create the user", s.createUser, users, newUserValues)
}

// UpdateUsers replaces the users in one transaction, like CreateUsers.
func (s *Store) UpdateUsers(ctx context.Context, users []auth.User) []error {
	const action = "update the user"
	errs := s.writeEach(ctx, action, s.updateUser, users, changedUserValues)
	for i, err := range errs {
		if errors.Is(err, auth.ErrNotFound) { // no row has the id and the version
			errs[i] = s.whyNotUpdated(ctx, action, users[i])
		}
	}
	return errs
}

// writeEach runs the statement for each user in one transaction and returns their errors. If the transaction fails, it fails
// for all users.
func (s *Store) writeEach(ctx context.Context, action string, stmt *sql.Stmt, users []auth.User, valuesOf func(auth.User) ([]any, error)) []error {
	errs := make([]error, len(users))
	err := s.transaction(ctx, func(tx *sql.Tx) error {
		stmt := tx.Stmt(stmt)
		defer stmt.Close()
		for i, u := range users {
			values, err := valuesOf(u)
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", action, err)
				continue
			}
			changed, err := execute(stmt, values...)
			switch {
			case isTaken(err): // SQLite undoes only this statement
				errs[i] = failed(action, err)
			case err != nil:
				return err
			case changed == 0:
				errs[i] = failed(action, sql.ErrNoRows)
			default:
				errs[i] = nil
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for i := range errs {
			errs[i] = failed(action, err)
		}
	}
	return errs
}

// DeleteUser deletes the user and their sessions in one transaction.
func (s *Store) DeleteUser(ctx context.Context, userID string) error {
	const action = "delete the user"
	var deleted int64
	err := s.transaction(ctx, func(tx *sql.Tx) (err error) {
		if _, err := execute(tx.Stmt(s.endSessions), userID); err != nil {
			return err
		}
		deleted, err = execute(tx.Stmt(s.deleteUser), userID)
		return err
	})
	if err == nil && deleted == 0 {
		err = sql.ErrNoRows
	}
	return failed(action, err)
}

// transaction runs f in one transaction, which is on disk once confirmed.
func (s *Store) transaction(ctx context.Context, f func(*sql.Tx) error) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	return retryBusy(ctx, func() error {
		tx, err := s.durable.BeginTx(context.Background(), nil) // takes the write lock, so that no later statement is busy
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing after Commit
		if err := f(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// Existing looks the users up one by one, in one goroutine per reader: a local file needs no batches.
func (s *Store) Existing(ctx context.Context, users []auth.User) ([]auth.User, error) {
	found := make([]auth.User, len(users))
	var all errgroup.Group
	share := max(1, (len(users)+maxReaders-1)/maxReaders)
	for some := range slices.Chunk(found, share) {
		of := users[:len(some)]
		users = users[len(some):]
		all.Go(func() error { return s.existing(ctx, of, some) })
	}
	return found, all.Wait()
}

func (s *Store) existing(ctx context.Context, of, found []auth.User) (err error) {
	for i, u := range of {
		if found[i], err = s.UserByIdentifier(ctx, u.Identifier); errors.Is(err, auth.ErrNotFound) {
			found[i], err = s.UserByID(ctx, u.ID)
		}
		if err != nil && !errors.Is(err, auth.ErrNotFound) {
			return err
		}
	}
	return nil
}

// AllUsers yields every user once, in the order of creation. It keeps no query open between pages, so that the caller may
// be slow and use the store meanwhile.
func (s *Store) AllUsers(ctx context.Context) iter.Seq2[auth.User, error] {
	return func(yield func(auth.User, error) bool) {
		for last := int64(-1 << 63); ; {
			page, err := readAll(ctx, s.userPage, scanNumbered, last, usersPerPage)
			if err != nil {
				yield(auth.User{}, failed("list the users", err))
				return
			}
			for _, n := range page {
				if !yield(n.user, nil) {
					return
				}
			}
			if len(page) < usersPerPage {
				return
			}
			last = page[len(page)-1].row
		}
	}
}

// numbered is a user with its row number: reading rows in that order is much faster than by id.
type numbered struct {
	user auth.User
	row  int64
}

func scanNumbered(r row) (n numbered, err error) {
	n.user, err = scanUser(withRowID{r, &n.row})
	return n, err
}

// withRowID is a row whose first column is its row number; Scan reads the other columns into dest.
type withRowID struct {
	row
	id *int64
}

// Scan reads the row.
func (r withRowID) Scan(dest ...any) error { return r.row.Scan(append([]any{r.id}, dest...)...) }
