package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// No test can cut the power; this one checks what SQLite is told (https://www.sqlite.org/pragma.html#pragma_synchronous).
func TestWhatIsOnDiskWhenConfirmed(t *testing.T) {
	const normal, full = 1, 2
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	for _, test := range []struct {
		name string
		db   *sql.DB
		want int
	}{
		{"users and clients", s.Durable(), full},
		{"sessions", s.Quick(), normal},
	} {
		var synchronous int
		var journal string
		must(t, test.db.QueryRow("PRAGMA synchronous").Scan(&synchronous))
		must(t, test.db.QueryRow("PRAGMA journal_mode").Scan(&journal))
		if synchronous != test.want || journal != "wal" {
			t.Errorf("%s: synchronous is %d with journal %s, want %d with wal", test.name, synchronous, journal, test.want)
		}
	}
}
