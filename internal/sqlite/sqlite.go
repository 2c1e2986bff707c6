// Package sqlite stores auth's users, clients and sessions in one local file, for a laptop or a small server. It needs
// neither cgo nor a database server. It makes the same promises as the DynamoDB store: one suite checks both.
//
// SQLite is called without the caller's context: a call takes microseconds, and to watch a context the driver would start a
// goroutine, which nearly doubles that. A context ends every wait instead: for a lock, and between pages.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	"modernc.org/sqlite"

	"latchkey/internal/privatefile"
)

// Store is one open file and implements all of auth's store ports. It may be used concurrently, also by several processes.
// Open one with Open and end it with Close.
type Store struct {
	// Three handles on one file, because each connection has one setting for when writes are synced to disk.
	readers *sql.DB
	durable *sql.DB // one connection: a confirmed write survives a power cut
	quick   *sql.DB // one connection: a confirmed write survives a killed process, for sessions and counters; see log

	log                          logSync
	writing                      chan struct{} // holds one token while this process writes; unlike SQLite's lock it is fair
	cleanSessions, cleanAttempts cleanUp       // guarded by writing

	lookUp, lookUpByHandle, userByID, userByIdentifier, userPage *sql.Stmt
	createUser, updateUser, deleteUser                           *sql.Stmt
	replaceHash                                                  *sql.Stmt
	clientByKey, allClients                                      *sql.Stmt
	createClient, disableClient, expireClient                    *sql.Stmt
	session, sessionsOf, putSession                              *sql.Stmt
	surplus, deleteSurplus                                       *sql.Stmt
	rotateSession, endSession, endSessions                       *sql.Stmt
	document, putDocument                                        *sql.Stmt
	attemptsOf                                                   *sql.Stmt
	countAttempt, undoAttempt                                    *sql.Stmt
	clearAttempts, countFailure                                  *sql.Stmt
	forgetFailures, forgetUnknown, forgetSources                 *sql.Stmt

	factors factorStatements
	devices deviceStatements
	outbox  outboxStatements
}

const maxReaders = 4 // a read takes microseconds, so more connections than cores would only use memory

// Open opens the store in the file, creates it if it does not exist, and upgrades an older one. It refuses a file that
// other users can read, because it holds password hashes. Errors say what to do about them.
func Open(ctx context.Context, path string) (*Store, error) {
	file, err := privatefile.Resolve(path) // SQLite puts its log next to the file, not next to a link
	if err != nil {
		return nil, fmt.Errorf("open the store %s: %w", path, err)
	}
	if err := ensurePrivate(file); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s := &Store{writing: make(chan struct{}, 1), log: logSync{sync: func() error { return syncLog(file) }}}
	if err := s.open(ctx, file); err != nil {
		return nil, errors.Join(fmt.Errorf("open the store %s: %w", path, withAdvice(err)), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) (err error) {
	if s.durable, err = connect(path, 1, "synchronous(full)"); err != nil {
		return err
	}
	if err := retryBusy(ctx, func() error { return upgrade(s.durable, schema()) }); err != nil {
		return err
	}
	if s.quick, err = connect(path, 1, "synchronous(normal)"); err != nil {
		return err
	}
	if s.readers, err = connect(path, maxReaders, "query_only(on)"); err != nil {
		return err
	}
	return retryBusy(ctx, s.prepare)
}

// Close ends the store; running calls finish first, later ones fail with auth.ErrUnavailable. Closing twice is not an error.
func (s *Store) Close() error {
	errs := []error{s.log.close()}
	for _, db := range []*sql.DB{s.readers, s.quick, s.durable} { // the last one to close checkpoints the log
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// connect returns a handle that opens its connections when they are needed. The file must exist: mode=rw creates none.
func connect(path string, connections int, pragma string) (*sql.DB, error) {
	query := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {pragma}}
	connector, err := sqlite.NewConnector("file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + query.Encode())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// statement is where a compiled statement goes, the handle that runs it, and its text.
type statement struct {
	stmt **sql.Stmt
	db   *sql.DB
	text string
}

// prepare compiles every statement once: compiling takes longer than running.
func (s *Store) prepare() error {
	for _, p := range slices.Concat(s.factors.texts(s), s.devices.texts(s), s.outbox.texts(s), []statement{
		{&s.lookUp, s.readers, selectLookup},
		{&s.lookUpByHandle, s.readers, selectLookupByHandle},
		{&s.userByID, s.readers, selectUserOrDummy},
		{&s.userByIdentifier, s.readers, selectUser + " WHERE identifier = ?"},
		{&s.userPage, s.readers, "SELECT rowid, " + userColumns + " FROM users WHERE rowid > ? ORDER BY rowid LIMIT ?"},
		{&s.createUser, s.durable, insertUser},
		{&s.updateUser, s.durable, updateUser},
		{&s.deleteUser, s.durable, "DELETE FROM users WHERE id = ?"},
		{&s.replaceHash, s.durable, updateHash},
		{&s.clientByKey, s.readers, selectClient + " WHERE key_hash = ?"},
		{&s.allClients, s.readers, selectClient + " ORDER BY created_at, key_hash"},
		{&s.createClient, s.durable, insertClient},
		{&s.disableClient, s.durable, "UPDATE clients SET disabled = 1 WHERE key_hash = ?"},
		{&s.expireClient, s.durable, "UPDATE clients SET expires_at = ? WHERE key_hash = ?"},
		{&s.session, s.readers, selectSession},
		{&s.putSession, s.quick, insertSession},
		{&s.sessionsOf, s.readers, selectSessions},
		{&s.surplus, s.readers, selectSurplus},
		{&s.deleteSurplus, s.quick, deleteSurplus},
		{&s.rotateSession, s.quick, updateSession},
		{&s.attemptsOf, s.readers, selectAttempts + " WHERE user = ?"},
		{&s.countAttempt, s.quick, countAttempt},
		{&s.undoAttempt, s.quick, undoAttempt},
		{&s.clearAttempts, s.quick, clearAttempts},
		{&s.countFailure, s.quick, countFailure},
		{&s.forgetFailures, s.durable, "UPDATE tries SET failures = 0, at = ? WHERE user = ? AND source <> ''"},
		{&s.forgetUnknown, s.durable, "DELETE FROM tries WHERE user = ? AND known_until = ?"},
		{&s.forgetSources, s.durable, "UPDATE tries SET known_until = ? WHERE user = ? AND source <> ''"},
		{&s.document, s.readers, "SELECT body FROM documents WHERE name = ?"},
		{&s.putDocument, s.durable, "INSERT INTO documents (name, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"},
		{&s.endSession, s.durable, "DELETE FROM sessions WHERE user_id = ? AND id = ?"},
		{&s.endSessions, s.durable, "DELETE FROM sessions WHERE user_id = ?"},
		{&s.cleanSessions.delete, s.quick, deleteExpired("sessions", "user_id, id")},
		{&s.cleanSessions.end, s.quick, selectEnd("sessions", "user_id, id")},
		{&s.cleanAttempts.delete, s.quick, deleteExpired("tries", "user, source")},
		{&s.cleanAttempts.end, s.quick, selectEnd("tries", "user, source")},
	}) {
		var err error
		if *p.stmt, err = p.db.Prepare(p.text); err != nil {
			return err
		}
	}
	return nil
}
