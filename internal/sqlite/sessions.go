package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/auth"
)

const (
	sessionColumns = `user_id, id, nonce, generation, password_epoch, contract, client, source, actor_id,
		created_at, rotated_at, last_used_at, expires_at, client_kind, amr, auth_time, org, access_life, target_id, device_id`
	selectSession = "SELECT " + sessionColumns + " FROM sessions WHERE user_id = ? AND id = ?"
	// ?3 is how many to keep. The greatest id that goes is found by its position.
	selectSurplus = "SELECT id FROM sessions WHERE user_id = ?1 AND client = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3"
	deleteSurplus = "DELETE FROM sessions WHERE user_id = ? AND client = ? AND id <= ?"
	// Any text is less than a blob, so an empty cursor selects all ids.
	selectSessions = "SELECT " + sessionColumns + ` FROM sessions WHERE user_id = ? AND id < ifnull(nullif(?, ''), x'')
		ORDER BY id DESC LIMIT ?`
	insertSession = "INSERT INTO sessions (" + sessionColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	updateSession = `UPDATE sessions SET generation = ?, rotated_at = ?, last_used_at = ?, expires_at = ?
		WHERE user_id = ? AND id = ? AND generation = ?`
)

// PutSession stores a new session, or returns auth.ErrConflict if its id is taken. It survives a killed process at once and
// a power cut after a second; losing one costs the user a sign-in.
func (s *Store) PutSession(ctx context.Context, v auth.Session) error {
	const action = "store the session"
	if err := s.lock(ctx); err != nil {
		return failed(action, err)
	}
	defer s.unlock()
	_, err := s.writeLocked(ctx, s.putSession,
		v.UserID, v.ID, v.Nonce, v.Generation, v.PasswordEpoch, v.Contract, v.Client, v.Source, v.ActorID,
		v.CreatedAt.UnixMilli(), v.RotatedAt.UnixMilli(), v.LastUsedAt.UnixMilli(), v.ExpiresAt.UnixMilli(),
		string(v.ClientKind), strings.Join(v.AMR, ","), v.AuthTime.UnixMilli(),
		v.Org, v.AccessLife.Milliseconds(), v.TargetID, v.DeviceID)
	if err == nil {
		s.cleanSessions.afterPut(rowKey{v.UserID, v.ID}, v.CreatedAt)
	}
	return failed(action, err)
}

// Session returns the session, whether or not it has expired, or auth.ErrNotFound.
func (s *Store) Session(ctx context.Context, userID, sessionID string) (auth.Session, error) {
	v, err := readOne(ctx, s.session, scanSession, userID, sessionID)
	return v, failed("read the session", err)
}

// SessionAndUser returns both, or auth.ErrNotFound. It is two queries: a local file has no round trips to save.
func (s *Store) SessionAndUser(ctx context.Context, userID, sessionID string) (auth.Session, auth.User, error) {
	session, err := s.Session(ctx, userID, sessionID)
	if err != nil {
		return auth.Session{}, auth.User{}, err
	}
	user, err := s.UserByID(ctx, userID)
	if err != nil {
		return auth.Session{}, auth.User{}, err
	}
	return session, user, nil
}

// RotateSession stores the next generation. Like PutSession it survives a killed process.
func (s *Store) RotateSession(ctx context.Context, next auth.Session, from int64) error {
	const action = "rotate the session"
	changed, err := s.write(ctx, s.rotateSession, next.Generation, next.RotatedAt.UnixMilli(), next.LastUsedAt.UnixMilli(),
		next.ExpiresAt.UnixMilli(), next.UserID, next.ID, from)
	if err != nil || changed == 1 {
		return failed(action, err)
	}
	if _, err := s.Session(ctx, next.UserID, next.ID); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return fmt.Errorf("%s: its generation is not %d: %w", action, from, auth.ErrConflict)
}

// SessionsOf returns the user's sessions in descending order of their ids, including expired ones that are still stored.
func (s *Store) SessionsOf(ctx context.Context, userID, before string, limit int) ([]auth.Session, error) {
	found, err := readAll(ctx, s.sessionsOf, scanSession, userID, before, limit)
	return found, failed("list the user's sessions", err)
}

// LimitSessions looks first and writes only if there is something to delete.
func (s *Store) LimitSessions(ctx context.Context, userID, client string, keep int) error {
	const action = "limit the user's sessions"
	last, err := readOne(ctx, s.surplus, scanText, userID, client, keep)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return failed(action, err)
	}
	_, err = s.write(ctx, s.deleteSurplus, userID, client, last)
	return failed(action, err)
}

// EndSession deletes the session. Like EndSessions it is on disk once confirmed.
func (s *Store) EndSession(ctx context.Context, userID, sessionID string) error {
	_, err := s.write(ctx, s.endSession, userID, sessionID)
	return failed("end the session", err)
}

// EndSessions deletes all sessions and devices of the user in one transaction, so it needs no order. It is on disk once
// confirmed: a power cut must not bring a session back.
func (s *Store) EndSessions(ctx context.Context, userID, _ string) error {
	return failed("end the sessions", s.transaction(ctx, func(tx *sql.Tx) error {
		if _, err := execute(tx.Stmt(s.devices.endAll), userID); err != nil {
			return err
		}
		_, err := execute(tx.Stmt(s.endSessions), userID)
		return err
	}))
}

func scanSession(r row) (v auth.Session, err error) {
	var created, rotated, used, expires, authenticated, life int64
	var amr string
	if err := r.Scan(&v.UserID, &v.ID, &v.Nonce, &v.Generation, &v.PasswordEpoch, &v.Contract, &v.Client, &v.Source,
		&v.ActorID, &created, &rotated, &used, &expires, &v.ClientKind, &amr, &authenticated,
		&v.Org, &life, &v.TargetID, &v.DeviceID); err != nil {
		return auth.Session{}, err
	}
	v.CreatedAt, v.RotatedAt, v.LastUsedAt, v.ExpiresAt = timeOf(created), timeOf(rotated), timeOf(used), timeOf(expires)
	v.AuthTime, v.AccessLife = timeOf(authenticated), time.Duration(life)*time.Millisecond
	if amr != "" {
		v.AMR = strings.Split(amr, ",")
	}
	return v, nil
}
