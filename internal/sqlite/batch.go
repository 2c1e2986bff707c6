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

const usersPerPage = 64 // in memory at once while all are listed

// CreateUsers adds the users in one transaction, so that one sync of the disk serves them all.
func (s *Store) CreateUsers(ctx context.Context, users []auth.User) []error {
	return s.eachUser(ctx, "create the user", s.createUser, users, func(u auth.User) []any { return []any{u.ID} })
}

// UpdateUsers replaces the users in one transaction, as CreateUsers adds them.
func (s *Store) UpdateUsers(ctx context.Context, users []auth.User) []error {
	const attempt = "update the user"
	errs := s.eachUser(ctx, attempt, s.updateUser, users, func(u auth.User) []any { return []any{u.ID, u.Version} })
	for i, err := range errs {
		if errors.Is(err, auth.ErrNotFound) { // no row has the id and the version
			errs[i] = s.whyNotUpdated(ctx, attempt, users[i])
		}
	}
	return errs
}

// eachUser runs the statement for each of the users, all in one transaction, and returns how it ended for each. Where the
// transaction fails, it fails for all.
func (s *Store) eachUser(ctx context.Context, attempt string, stmt *sql.Stmt, users []auth.User, key func(auth.User) []any) []error {
	errs := make([]error, len(users))
	err := s.transaction(ctx, func(tx *sql.Tx) error {
		stmt := tx.Stmt(stmt)
		defer stmt.Close()
		for i, u := range users {
			values, err := userValues(u)
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", attempt, err)
				continue
			}
			changed, err := execute(stmt, append(values, key(u)...)...)
			switch {
			case isTaken(err): // undoes the statement alone
				errs[i] = failed(attempt, err)
			case err != nil:
				return err
			case changed == 0:
				errs[i] = failed(attempt, sql.ErrNoRows)
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
			errs[i] = failed(attempt, err)
		}
	}
	return errs
}

// DeleteUser deletes the user and the sessions in one transaction.
func (s *Store) DeleteUser(ctx context.Context, userID string) error {
	const attempt = "delete the user"
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
	return failed(attempt, err)
}

// transaction runs f in one transaction that is on disk once confirmed, and all of it or nothing of it.
func (s *Store) transaction(ctx context.Context, f func(*sql.Tx) error) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	return patiently(ctx, func() error {
		tx, err := s.durable.BeginTx(context.Background(), nil) // takes the write lock: nothing after it is busy
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

// Existing looks users up one after the other, on every processor some: there is no round trip to save here.
func (s *Store) Existing(ctx context.Context, users []auth.User) ([]auth.User, error) {
	found := make([]auth.User, len(users))
	var all errgroup.Group
	share := max(1, (len(users)+maxReaders-1)/maxReaders)
	for some := range slices.Chunk(found, share) {
		of := users[:len(some)]
		users = users[len(some):]
		all.Go(func() error { return s.namesakes(ctx, of, some) })
	}
	return found, all.Wait()
}

func (s *Store) namesakes(ctx context.Context, of, found []auth.User) (err error) {
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

// AllUsers yields every user once, in the order in which they came. It holds nothing open between pages, so that the
// caller may take its time and use the store meanwhile.
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

// numbered is a user with the number of its row: rows in their own order are read much faster than by their ids.
type numbered struct {
	user auth.User
	row  int64
}

func scanNumbered(r row) (n numbered, err error) {
	n.user, err = scanUser(after{r, &n.row})
	return n, err
}

// after is a row whose first column goes to first, and the rest to whoever scans it.
type after struct {
	row
	first any
}

// Scan reads the row.
func (a after) Scan(dest ...any) error { return a.row.Scan(append([]any{a.first}, dest...)...) }
