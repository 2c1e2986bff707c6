package sqlite

import "database/sql"

// Upgrade lets tests add versions that do not exist yet.
var Upgrade = upgrade

// Schema is the steps that Open takes.
var Schema = schema

// Durable returns the handle of users and clients, for making it fail.
func (s *Store) Durable() *sql.DB { return s.durable }

// Quick returns the handle of sessions, for making it fail.
func (s *Store) Quick() *sql.DB { return s.quick }
