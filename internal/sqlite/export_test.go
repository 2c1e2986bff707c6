package sqlite

import "database/sql"

// Schema returns the steps that Open takes.
func Schema() []string { return schema() }

// Upgrade takes steps of the test's own, so that there can be versions that do not exist yet.
func Upgrade(db *sql.DB, steps []string) error { return upgrade(db, steps) }

// Durable returns the handle that writes users and clients, for making it fail.
func (s *Store) Durable() *sql.DB { return s.durable }

// Quick returns the handle that writes sessions, for making it fail.
func (s *Store) Quick() *sql.DB { return s.quick }

// LogSync is the sync of the log by itself, so that it can be tested without a disk.
type LogSync struct{ logSync }

func NewLogSync(sync func() error) *LogSync { return &LogSync{logSync{sync: sync}} }
func (l *LogSync) Written()                 { l.noteWrite() }
func (l *LogSync) Close() error             { return l.close() }

// BeforeSync calls f before each sync of the store's log from now on.
func (s *Store) BeforeSync(f func()) {
	s.log.busy.Lock()
	defer s.log.busy.Unlock()
	next := s.log.sync
	s.log.sync = func() error {
		f()
		return next()
	}
}
