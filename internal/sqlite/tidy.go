package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// tidying clears away what has expired in passes over one table. With the first row put and with every tidyEvery-th
// after it, the next tidyRows in key order are looked at: more than were put, so that a pass ends and the file cannot
// grow for ever. An index by expiry would do it in one statement, and double the pages of every sign-in.
type tidying struct {
	delete, end *sql.Stmt
	puts        int
	last        rowKey // that was looked at
}

// rowKey is the primary key of both tables that are tidied.
type rowKey struct{ first, second string }

const (
	tidyEvery = 100
	tidyRows  = 2 * tidyEvery
)

func deleteExpired(table, key string) string {
	return fmt.Sprintf(`DELETE FROM %[1]s WHERE expires_at < ? AND (%[2]s) IN (
		SELECT %[2]s FROM %[1]s WHERE (%[2]s) > (?, ?) ORDER BY %[2]s LIMIT ?)`, table, key)
}

func selectEnd(table, key string) string {
	return fmt.Sprintf("SELECT %[2]s FROM %[1]s WHERE (%[2]s) > (?, ?) ORDER BY %[2]s LIMIT 1 OFFSET ?", table, key)
}

// after is called with the write lock held, when a row was put. What was put tells the time, so that one clock alone
// says what has expired, and where the first pass starts, so that short runs of the program do not all start at the same
// row. Nothing here is waited for and a failure is no matter: the row is stored, and the next round tries again.
func (t *tidying) after(put rowKey, now time.Time) {
	if t.puts == 0 {
		t.last = put
	}
	t.puts++
	if t.puts%tidyEvery != 1 {
		return
	}
	var next rowKey // after the end of the table the zero key: the next pass starts at the first
	err := t.end.QueryRow(t.last.first, t.last.second, tidyRows-1).Scan(&next.first, &next.second)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return
	}
	if _, err := t.delete.Exec(now.UnixMilli(), t.last.first, t.last.second, tidyRows); err == nil {
		t.last = next
	}
}
