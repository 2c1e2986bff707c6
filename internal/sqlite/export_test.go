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
