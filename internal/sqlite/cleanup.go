package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// cleanUp deletes expired rows of one table in passes. After the first row that is put, and after every cleanEvery-th one,
// it checks the next cleanRows in key order: more than were put, so that every pass ends and the file cannot grow forever.
// An index by expiry would need only one statement, but double the pages of every sign-in.
type cleanUp struct {
	delete, end *sql.Stmt
	puts        int
	last        rowKey // the last row that was checked
}

// rowKey is the primary key of both tables that are cleaned up.
type rowKey struct{ first, second string }

const (
	cleanEvery = 100
	cleanRows  = 2 * cleanEvery
)

func deleteExpired(table, key string) string {
	return fmt.Sprintf(`DELETE FROM %[1]s WHERE expires_at < ? AND (%[2]s) IN (
		SELECT %[2]s FROM %[1]s WHERE (%[2]s) > (?, ?) ORDER BY %[2]s LIMIT ?)`, table, key)
}

func selectEnd(table, key string) string {
	return fmt.Sprintf("SELECT %[2]s FROM %[1]s WHERE (%[2]s) > (?, ?) ORDER BY %[2]s LIMIT 1 OFFSET ?", table, key)
}

// afterPut is called with the write lock held when a row was put. The time comes from that row, so one clock decides what
// has expired. The first pass starts at that row, so that short runs of the program do not all start at the same one.
// Failures are ignored: the row is stored, and the next round tries again.
func (c *cleanUp) afterPut(put rowKey, now time.Time) {
	if c.puts == 0 {
		c.last = put
	}
	c.puts++
	if c.puts%cleanEvery != 1 {
		return
	}
	var next rowKey // zero at the end of the table: the next pass starts at the first row
	err := c.end.QueryRow(c.last.first, c.last.second, cleanRows-1).Scan(&next.first, &next.second)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return
	}
	if _, err := c.delete.Exec(now.UnixMilli(), c.last.first, c.last.second, cleanRows); err == nil {
		c.last = next
	}
}
