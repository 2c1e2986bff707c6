package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"latchkey/internal/auth"
)

const (
	selectTries = "SELECT user, source, failures, at, known_until, expires_at FROM tries"

	// ?7 and ?8 are the failures and the time that were seen, ?9 how many failures are free.
	countAttempt = `INSERT INTO tries (user, source, failures, at, known_until, expires_at) VALUES (?1, ?2, 1, ?4, ?5, ?6)
		ON CONFLICT DO UPDATE SET at = excluded.at, expires_at = max(expires_at, excluded.expires_at),
			failures = iif(failures = ?7 AND at = ?8, ?3, failures + 1)
		WHERE (failures = ?7 AND at = ?8) OR failures < ?9`
	// ?3 and ?4 are the failures and the time as they were counted, ?5 and ?6 as they were seen before.
	takeBackTry = `UPDATE tries SET failures = iif(failures = ?3 AND at = ?4, ?5, failures - 1),
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

// CountAttempt is one statement, so nothing comes between looking and counting.
func (s *Store) CountAttempt(ctx context.Context, k auth.AttemptKeys, seen, next auth.Pair, free int64) error {
	const attempt = "count the try"
	changed, err := s.putTry(ctx, s.countAttempt, next.LastAt, k, next.Failures, next.LastAt, next.KnownUntil, next.ExpiresAt(),
		seen.Failures, seen.LastAt.UnixMilli(), free)
	if err == nil && changed == 0 {
		return fmt.Errorf("%s: %w", attempt, auth.ErrConflict)
	}
	return failed(attempt, err)
}

// UndoAttempt is one statement, as CountAttempt is. Where others have tried meanwhile it takes one failure off, no more.
func (s *Store) UndoAttempt(ctx context.Context, k auth.AttemptKeys, counted, seen auth.Pair) error {
	_, err := s.write(ctx, s.takeBackTry, k.User, k.Source, counted.Failures, counted.LastAt.UnixMilli(),
		seen.Failures, seen.LastAt.UnixMilli())
	return failed("take the try back", err)
}

// ClearAttempts stores the pair anew, without failures and known until then, be it there already or not.
func (s *Store) ClearAttempts(ctx context.Context, k auth.AttemptKeys, knownUntil time.Time) error {
	p := auth.Pair{KnownUntil: knownUntil}
	_, err := s.write(ctx, s.clearAttempts, k.User, k.Source, p.Failures, p.LastAt.UnixMilli(), p.KnownUntil.UnixMilli(),
		p.ExpiresAt().UnixMilli())
	return failed("clear the tries", err)
}

// CountFailure is one statement, as CountAttempt is: where others were quicker it counts in the window that they began.
func (s *Store) CountFailure(ctx context.Context, k auth.AttemptKeys, seen, next auth.Window) error {
	_, err := s.putTry(ctx, s.countFailure, next.Since, k, next.Failures, next.Since, time.Time{}, next.ExpiresAt,
		seen.Since.UnixMilli())
	return failed("count the failure", err)
}

// putTry writes one row, and tidies: strangers make these rows, so they must not stay.
func (s *Store) putTry(ctx context.Context, stmt *sql.Stmt, now time.Time, k auth.AttemptKeys, failures int64,
	at, knownUntil, expiresAt time.Time, seen ...any) (changed int64, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.unlock()
	row := []any{k.User, k.Source, failures, at.UnixMilli(), knownUntil.UnixMilli(), expiresAt.UnixMilli()}
	changed, err = s.writeLocked(ctx, stmt, append(row, seen...)...)
	if err == nil {
		s.tidyTries.after(rowKey{k.User, k.Source}, now)
	}
	return changed, err
}

// UserAttempts returns the user's window and, by source, the pairs, the expired that are still there too.
func (s *Store) UserAttempts(ctx context.Context, user string) (auth.Window, map[string]auth.Pair, error) {
	rows, err := readAll(ctx, s.triesOf, scanTry, user)
	if err != nil {
		return auth.Window{}, nil, failed("read the user's tries", err)
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

// ForgetAttempts is on disk once confirmed. It is two statements: what comes between them is forgotten or was not there yet.
func (s *Store) ForgetAttempts(ctx context.Context, user string) error {
	const attempt = "forget the user's tries"
	never := time.Time{}.UnixMilli()
	if _, err := s.write(ctx, s.forgetFailures, never, user); err != nil {
		return failed(attempt, err)
	}
	_, err := s.write(ctx, s.forgetUnknown, user, never)
	return failed(attempt, err)
}

// ForgetSources is one statement, and on disk once confirmed.
func (s *Store) ForgetSources(ctx context.Context, user string) error {
	_, err := s.write(ctx, s.forgetSources, time.Time{}.UnixMilli(), user)
	return failed("forget the user's known sources", err)
}

// tryRow is a row of either meaning.
type tryRow struct {
	source                    string
	failures                  int64
	at, knownUntil, expiresAt time.Time
}

func (r tryRow) pair() auth.Pair {
	return auth.Pair{Failures: r.failures, LastAt: r.at, KnownUntil: r.knownUntil}
}

func (r tryRow) window() auth.Window {
	return auth.Window{Failures: r.failures, Since: r.at, ExpiresAt: r.expiresAt}
}

func scanTry(r row) (t tryRow, err error) {
	var user string
	var at, known, expires int64
	err = r.Scan(&user, &t.source, &t.failures, &at, &known, &expires)
	t.at, t.knownUntil, t.expiresAt = moment(at), moment(known), moment(expires)
	return t, err
}
