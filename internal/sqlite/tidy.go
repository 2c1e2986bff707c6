package sqlite

import (
	"database/sql"
	"errors"

	"latchkey/internal/auth"
)

// tidying clears away expired sessions in passes over the table. With the first session put and with every
// tidyEvery-th after it, the next tidyRows in key order are looked at: more than were put, so that a pass ends and the
// file cannot grow for ever. An index by expiry would do it in one statement, and double the pages of every sign-in.
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
// user. Nothing here is waited for and a failure is no matter: the session is stored, and the next round tries again.
func (s *Store) tidyAfter(put auth.Session) {
	t := &s.tidy
	if t.puts == 0 {
		t.last = sessionKey{put.UserID, put.ID}
	}
	t.puts++
	if t.puts%tidyEvery != 1 {
		return
	}
	var next sessionKey // after the end of the table the zero key: the next pass starts at the first
	err := s.lastTidied.QueryRow(t.last.userID, t.last.id, tidyRows-1).Scan(&next.userID, &next.id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return
	}
	if _, err := s.deleteExpired.Exec(put.CreatedAt.UnixMilli(), t.last.userID, t.last.id, tidyRows); err == nil {
		t.last = next
	}
}
