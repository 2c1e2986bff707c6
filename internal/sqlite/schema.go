package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// applicationID marks the file as ours in its header: "LKEY".
const applicationID = 0x4c4b4559

// schema returns the steps from an empty file to the current version: step n makes version n. A released step never
// changes; a new version is a new step.
//
// Long columns come last, because SQLite reads all columns before the one that it needs. Sessions have no index by expiry:
// it would double the pages that a sign-in writes (see cleanUp).
func schema() []string {
	return []string{
		createTables, createDocuments, createAttempts, addClientExpiry, addFactors, addAccess, addActivation, addDevices, addHandles, addOutbox,
	}
}

const (
	createTables = `
		CREATE TABLE users (
			id             TEXT    NOT NULL PRIMARY KEY,
			identifier     TEXT    NOT NULL UNIQUE,
			email          TEXT    NOT NULL,
			password_hash  TEXT    NOT NULL,
			status         TEXT    NOT NULL,
			role           TEXT    NOT NULL,
			password_epoch INTEGER NOT NULL,
			version        INTEGER NOT NULL,
			created_at     INTEGER NOT NULL, -- all times: milliseconds since 1970, UTC
			updated_at     INTEGER NOT NULL,
			accounts       TEXT    NOT NULL, -- JSON array
			profile        TEXT    NOT NULL  -- JSON object
		) STRICT;
		CREATE TABLE clients (
			key_hash   TEXT    NOT NULL PRIMARY KEY,
			name       TEXT    NOT NULL,
			kind       TEXT    NOT NULL,
			disabled   INTEGER NOT NULL,
			created_at INTEGER NOT NULL
		) STRICT, WITHOUT ROWID;
		CREATE TABLE sessions (
			user_id        TEXT    NOT NULL,
			id             TEXT    NOT NULL,
			nonce          TEXT    NOT NULL,
			generation     INTEGER NOT NULL,
			password_epoch INTEGER NOT NULL,
			contract       TEXT    NOT NULL,
			client         TEXT    NOT NULL,
			source         TEXT    NOT NULL,
			actor_id       TEXT    NOT NULL,
			created_at     INTEGER NOT NULL,
			rotated_at     INTEGER NOT NULL,
			last_used_at   INTEGER NOT NULL,
			expires_at     INTEGER NOT NULL,
			PRIMARY KEY (user_id, id)
		) STRICT, WITHOUT ROWID;`

	createDocuments = `
		CREATE TABLE documents (
			name TEXT NOT NULL PRIMARY KEY,
			body TEXT NOT NULL
		) STRICT;`

	createAttempts = `
		CREATE TABLE tries ( -- of a user from a source; with one of the two empty, the window of the other
			user        TEXT    NOT NULL,
			source      TEXT    NOT NULL,
			failures    INTEGER NOT NULL,
			at          INTEGER NOT NULL, -- of the last attempt, or the first of the window
			known_until INTEGER NOT NULL,
			expires_at  INTEGER NOT NULL,
			PRIMARY KEY (user, source)
		) STRICT, WITHOUT ROWID;`

	addClientExpiry = `
		ALTER TABLE clients ADD COLUMN expires_at INTEGER NOT NULL DEFAULT -62135596800000; -- the zero time: never`

	addFactors = `
		ALTER TABLE users ADD COLUMN factors TEXT NOT NULL DEFAULT ''; -- JSON object, or empty
		ALTER TABLE sessions ADD COLUMN client_kind TEXT NOT NULL DEFAULT '';
		ALTER TABLE sessions ADD COLUMN amr TEXT NOT NULL DEFAULT ''; -- with commas between
		ALTER TABLE sessions ADD COLUMN auth_time INTEGER NOT NULL DEFAULT -62135596800000;
		CREATE TABLE factor_uses (
			user_id    TEXT    NOT NULL,
			factor_id  TEXT    NOT NULL,
			used_at    INTEGER NOT NULL,
			step       INTEGER NOT NULL,
			sign_count INTEGER NOT NULL,
			PRIMARY KEY (user_id, factor_id)
		) STRICT, WITHOUT ROWID;
		CREATE TABLE recovery_codes (
			user_id TEXT NOT NULL,
			mac     TEXT NOT NULL,
			PRIMARY KEY (user_id, mac)
		) STRICT, WITHOUT ROWID;
		CREATE TABLE wrong_codes (
			user_id       TEXT    NOT NULL PRIMARY KEY,
			wrong         INTEGER NOT NULL,
			blocked_until INTEGER NOT NULL
		) STRICT, WITHOUT ROWID;
		CREATE TABLE nonces (
			nonce      TEXT    NOT NULL PRIMARY KEY,
			expires_at INTEGER NOT NULL
		) STRICT, WITHOUT ROWID;
		CREATE INDEX nonces_by_expiry ON nonces (expires_at);
		CREATE TRIGGER forget_factors AFTER DELETE ON users BEGIN
			DELETE FROM factor_uses WHERE user_id = OLD.id;
			DELETE FROM recovery_codes WHERE user_id = OLD.id;
			DELETE FROM wrong_codes WHERE user_id = OLD.id;
		END;`

	addAccess = `
		ALTER TABLE sessions ADD COLUMN org TEXT NOT NULL DEFAULT '';
		ALTER TABLE sessions ADD COLUMN access_life INTEGER NOT NULL DEFAULT 0; -- milliseconds
		ALTER TABLE sessions ADD COLUMN target_id TEXT NOT NULL DEFAULT '';`

	addActivation = `
		ALTER TABLE users ADD COLUMN activate INTEGER NOT NULL DEFAULT 0;
		ALTER TABLE users ADD COLUMN locale TEXT NOT NULL DEFAULT '';`

	addDevices = `
		ALTER TABLE sessions ADD COLUMN device_id TEXT NOT NULL DEFAULT '';
		CREATE TABLE devices ( -- in which a factor was proved
			user_id        TEXT    NOT NULL,
			id             TEXT    NOT NULL,
			password_epoch INTEGER NOT NULL,
			failures       INTEGER NOT NULL,
			source         TEXT    NOT NULL,
			created_at     INTEGER NOT NULL,
			last_used_at   INTEGER NOT NULL,
			expires_at     INTEGER NOT NULL,
			PRIMARY KEY (user_id, id)
		) STRICT, WITHOUT ROWID;
		CREATE INDEX devices_by_expiry ON devices (expires_at);
		CREATE TRIGGER forget_devices AFTER DELETE ON users BEGIN
			DELETE FROM devices WHERE user_id = OLD.id;
		END;`

	addOutbox = `
		CREATE TABLE outbox ( -- mails to be made and sent
			id        TEXT    NOT NULL PRIMARY KEY,
			kind      TEXT    NOT NULL,
			user_id   TEXT    NOT NULL,
			dropped   INTEGER NOT NULL, -- not to be sent
			attempts  INTEGER NOT NULL,
			due_at    INTEGER NOT NULL,
			set_aside INTEGER NOT NULL  -- for an operator
		) STRICT;
		CREATE INDEX outbox_by_due ON outbox (due_at) WHERE set_aside = 0;`

	// The handle that passkeys have for the user; most users have none.
	addHandles = `
		CREATE UNIQUE INDEX users_by_handle ON users (json_extract(factors, '$.handle')) WHERE factors <> '';`
)

// upgrade checks that the file is ours and applies the steps that it lacks, all or none.
func upgrade(db *sql.DB, steps []string) error {
	if _, err := version(db, len(steps)); err != nil {
		return err // before we change another program's file
	}
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return fmt.Errorf("turn on write-ahead logging: %w", err)
	}
	if mode != "wal" {
		return fmt.Errorf("turn on write-ahead logging: the file system allows %s only; put the store on a local disk", mode)
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	have, err := version(tx, len(steps))
	if err != nil {
		return err
	}
	missing := slices.Concat(steps[have:], []string{
		fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(steps)),
	})
	for i, step := range missing {
		if _, err := tx.Exec(step); err != nil {
			return fmt.Errorf("upgrade from version %d: step %d: %w", have, have+i+1, err)
		}
	}
	return tx.Commit()
}

// version returns the schema version of the file, zero if it is empty, and an error if the file is not ours or is newer than
// this program.
func version(db interface {
	QueryRow(query string, args ...any) *sql.Row
}, newest int) (int, error) {
	var id, version, tables int
	err := db.QueryRow(`SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`).Scan(&id, &version, &tables)
	switch {
	case err != nil:
		return 0, err
	case id == 0 && version == 0 && tables == 0:
		return 0, nil
	case id != applicationID || version < 1:
		return 0, errors.New("this is a database of another program: name another file")
	case version > newest:
		return 0, fmt.Errorf("the file has version %d and this latchkey knows versions up to %d: use the latchkey that wrote it, or a newer one",
			version, newest)
	}
	return version, nil
}
