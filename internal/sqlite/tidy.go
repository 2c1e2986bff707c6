package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"latchkey/internal/auth"
)

// tidying clears away expired sessions in passes over the table. Each time tidyEvery sessions have been put, the
// next tidyRows in key order are looked at: more than were put, so that a pass ends and the file cannot grow for
// ever. That costs a sign-in a few microseconds, where an index by expiry would double the pages that it writes.
type tidying struct {
	puts int
	last sessionKey // that was looked at
}

type sessionKey struct{ userID, id string }

const (
	tidyEvery = 100
	tidyRows  = 2 * tidyEvery

	deleteExpired = `DELETE FROM sessions WHERE expires_at < ? AND (user_id, id) IN (
		SELECT user_id, id FROM sessions WHERE (user_id, id) > (?, ?) ORDER BY user_id, id LIMIT ?)`
	selectLastTidied = `SELECT user_id, id FROM sessions WHERE (user_id, id) > (?, ?) ORDER BY user_id, id LIMIT 1 OFFSET ?`
)

// tidyAfter is called with the write lock held. The session just put tells the time, so that one clock alone says
// what has expired, and where the first pass starts, so that short runs of the program do not all start at the same
// user. A failure is no matter: the session is stored, and the next round tries again.
func (s *Store) tidyAfter(ctx context.Context, put auth.Session) {
	t := &s.tidy
	if t.puts == 0 {
		t.last = sessionKey{put.UserID, put.ID}
	}
	t.puts++
	if t.puts%tidyEvery != 0 {
		return
	}
	last, err := readOne(ctx, s.lastTidied, scanKey, t.last.userID, t.last.id, tidyRows-1)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return
	}
	_, err = writeLocked(ctx, s.deleteExpired, put.CreatedAt.UnixMilli(), t.last.userID, t.last.id, tidyRows)
	if err == nil {
		t.last = last // after the end of the table the zero key: the next pass starts at the first
	}
}

func scanKey(r row) (k sessionKey, err error) {
	err = r.Scan(&k.userID, &k.id)
	return k, err
}
