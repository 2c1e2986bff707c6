package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"latchkey/internal/auth"
)

const (
	selectAttempts = "SELECT user, source, failures, at, known_until, expires_at FROM tries"

	// ?7 and ?8 are the failures and the time that were seen, ?9 how many failures are free.
	countAttempt = `INSERT INTO tries (user, source, failures, at, known_until, expires_at) VALUES (?1, ?2, 1, ?4, ?5, ?6)
		ON CONFLICT DO UPDATE SET at = excluded.at, expires_at = max(expires_at, excluded.expires_at),
			failures = iif(failures = ?7 AND at = ?8, ?3, failures + 1)
		WHERE (failures = ?7 AND at = ?8) OR failures < ?9`
	// ?3 and ?4 are the failures and the time as they were counted, ?5 and ?6 as they were seen before.
	undoAttempt = `UPDATE tries SET failures = iif(failures = ?3 AND at = ?4, ?5, failures - 1),
			at = iif(failures = ?3 AND at = ?4, ?6, at)
		WHERE user = ?1 AND source = ?2 AND failures > 0`
	clearAttempts = `INSERT INTO tries (user, source, failures, at, known_until, expires_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET failures = excluded.failures, at = excluded.at, known_until = excluded.known_until,
			expires_at = excluded.expires_at`
	// ?7 is when the window that was seen began.
	countFailure = `INSERT INTO tries (user, source, failures, at, known_until, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT DO UPDATE SET
			failures = iif(at = ?7 AND ?7 <> ?4, excluded.failures, failures + 1),
			expires_at = iif(at = ?7, excluded.expires_at, expires_at),
			at = iif(at = ?7, excluded.at, at)`
)

// CountAttempt is one statement, so that no other write can come between the check and the count.
func (s *Store) CountAttempt(ctx context.Context, k auth.AttemptKeys, seen, next auth.Pair, free int64) error {
	const action = "count the attempt"
	changed, err := s.putAttempt(ctx, s.countAttempt, next.LastAt, k, next.Failures, next.LastAt, next.KnownUntil, next.ExpiresAt(),
		seen.Failures, seen.LastAt.UnixMilli(), free)
	if err == nil && changed == 0 {
		return fmt.Errorf("%s: %w", action, auth.ErrConflict)
	}
	return failed(action, err)
}

// UndoAttempt is one statement, like CountAttempt. If other attempts were counted meanwhile, it subtracts one failure.
func (s *Store) UndoAttempt(ctx context.Context, k auth.AttemptKeys, counted, seen auth.Pair) error {
	_, err := s.write(ctx, s.undoAttempt, k.User, k.Source, counted.Failures, counted.LastAt.UnixMilli(),
		seen.Failures, seen.LastAt.UnixMilli())
	return failed("undo the attempt", err)
}

// ClearAttempts inserts or replaces the pair: without failures, and known until the given time.
func (s *Store) ClearAttempts(ctx context.Context, k auth.AttemptKeys, knownUntil time.Time) error {
	p := auth.Pair{KnownUntil: knownUntil}
	_, err := s.write(ctx, s.clearAttempts, k.User, k.Source, p.Failures, p.LastAt.UnixMilli(), p.KnownUntil.UnixMilli(),
		p.ExpiresAt().UnixMilli())
	return failed("clear the attempts", err)
}

// CountFailure is one statement, like CountAttempt. If another call has begun a new window, it counts in that one.
func (s *Store) CountFailure(ctx context.Context, k auth.AttemptKeys, seen, next auth.Window) error {
	_, err := s.putAttempt(ctx, s.countFailure, next.Since, k, next.Failures, next.Since, time.Time{}, next.ExpiresAt,
		seen.Since.UnixMilli())
	return failed("count the failure", err)
}

// putAttempt writes one row and cleans up, because anyone can create these rows.
func (s *Store) putAttempt(ctx context.Context, stmt *sql.Stmt, now time.Time, k auth.AttemptKeys, failures int64,
	at, knownUntil, expiresAt time.Time, seen ...any) (changed int64, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.unlock()
	row := []any{k.User, k.Source, failures, at.UnixMilli(), knownUntil.UnixMilli(), expiresAt.UnixMilli()}
	changed, err = s.writeLocked(ctx, stmt, append(row, seen...)...)
	if err == nil {
		s.cleanAttempts.afterPut(rowKey{k.User, k.Source}, now)
	}
	return changed, err
}

// UserAttempts returns the user's window, and the pairs by source, including expired ones that are still stored.
func (s *Store) UserAttempts(ctx context.Context, user string) (auth.Window, map[string]auth.Pair, error) {
	rows, err := readAll(ctx, s.attemptsOf, scanAttempt, user)
	if err != nil {
		return auth.Window{}, nil, failed("read the user's attempts", err)
	}
	var window auth.Window
	pairs := map[string]auth.Pair{}
	for _, row := range rows {
		if row.source == "" {
			window = row.window()
		} else {
			pairs[row.source] = row.pair()
		}
	}
	return window, pairs, nil
}

// ForgetAttempts is on disk once confirmed. It is two statements; an attempt counted between them may be kept or forgotten.
func (s *Store) ForgetAttempts(ctx context.Context, user string) error {
	const action = "forget the user's attempts"
	never := time.Time{}.UnixMilli()
	if _, err := s.write(ctx, s.forgetFailures, never, user); err != nil {
		return failed(action, err)
	}
	_, err := s.write(ctx, s.forgetUnknown, user, never)
	return failed(action, err)
}

// ForgetSources is one statement, and on disk once confirmed.
func (s *Store) ForgetSources(ctx context.Context, user string) error {
	_, err := s.write(ctx, s.forgetSources, time.Time{}.UnixMilli(), user)
	return failed("forget the user's known sources", err)
}

// attemptRow is a row of the table tries: a pair, or a window.
type attemptRow struct {
	source                    string
	failures                  int64
	at, knownUntil, expiresAt time.Time
}

func (r attemptRow) pair() auth.Pair {
	return auth.Pair{Failures: r.failures, LastAt: r.at, KnownUntil: r.knownUntil}
}

func (r attemptRow) window() auth.Window {
	return auth.Window{Failures: r.failures, Since: r.at, ExpiresAt: r.expiresAt}
}

func scanAttempt(r row) (t attemptRow, err error) {
	var user string
	var at, known, expires int64
	err = r.Scan(&user, &t.source, &t.failures, &at, &known, &expires)
	t.at, t.knownUntil, t.expiresAt = timeOf(at), timeOf(known), timeOf(expires)
	return t, err
}
