package sqlite

import (
	"context"
	"fmt"

	"latchkey/internal/auth"
)

const (
	sessionColumns = `user_id, id, nonce, generation, password_epoch, contract, client, source, actor_id,
		created_at, rotated_at, last_used_at, expires_at`
	selectSessions = "SELECT " + sessionColumns + " FROM sessions WHERE user_id = ?"
	selectSession  = selectSessions + " AND id = ?"
	insertSession  = "INSERT INTO sessions (" + sessionColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	updateSession  = `UPDATE sessions SET generation = ?, rotated_at = ?, last_used_at = ?, expires_at = ?
		WHERE user_id = ? AND id = ? AND generation = ?`
)

// PutSession stores a new session, or returns auth.ErrConflict where its id is taken. It survives a killed process
// at once and a power cut within a second; a lost one costs a sign-in.
func (s *Store) PutSession(ctx context.Context, v auth.Session) error {
	const attempt = "store the session"
	if err := s.lock(ctx); err != nil {
		return failed(attempt, err)
	}
	defer s.unlock()
	_, err := s.writeLocked(ctx, s.putSession,
		v.UserID, v.ID, v.Nonce, v.Generation, v.PasswordEpoch, v.Contract, v.Client, v.Source, v.ActorID,
		v.CreatedAt.UnixMilli(), v.RotatedAt.UnixMilli(), v.LastUsedAt.UnixMilli(), v.ExpiresAt.UnixMilli())
	if err == nil {
		s.tidySessions.after(rowKey{v.UserID, v.ID}, v.CreatedAt)
	}
	return failed(attempt, err)
}

// Session returns the session, be it expired or not, or auth.ErrNotFound.
func (s *Store) Session(ctx context.Context, userID, sessionID string) (auth.Session, error) {
	v, err := readOne(ctx, s.session, scanSession, userID, sessionID)
	return v, failed("read the session", err)
}

// SessionAndUser returns both, or auth.ErrNotFound; there is no round trip to save here.
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

// RotateSession stores the next generation as PutSession stores a session: a killed process does not lose it.
func (s *Store) RotateSession(ctx context.Context, next auth.Session, from int64) error {
	const attempt = "rotate the session"
	changed, err := s.write(ctx, s.rotateSession, next.Generation, next.RotatedAt.UnixMilli(), next.LastUsedAt.UnixMilli(),
		next.ExpiresAt.UnixMilli(), next.UserID, next.ID, from)
	if err != nil || changed == 1 {
		return failed(attempt, err)
	}
	if _, err := s.Session(ctx, next.UserID, next.ID); err != nil {
		return fmt.Errorf("%s: %w", attempt, err)
	}
	return fmt.Errorf("%s: its generation is not %d: %w", attempt, from, auth.ErrConflict)
}

// SessionsOf returns the user's sessions, the expired that are still there too.
func (s *Store) SessionsOf(ctx context.Context, userID string) ([]auth.Session, error) {
	all, err := readAll(ctx, s.sessionsOf, scanSession, userID)
	return all, failed("list the user's sessions", err)
}

// EndSession deletes the session. It is on disk once confirmed, as EndSessions is.
func (s *Store) EndSession(ctx context.Context, userID, sessionID string) error {
	_, err := s.write(ctx, s.endSession, userID, sessionID)
	return failed("end the session", err)
}

// EndSessions deletes every session of the user at once, so that none is the last. Unlike putting one it is on disk once
// confirmed: a power cut must not bring back what was ended.
func (s *Store) EndSessions(ctx context.Context, userID, _ string) error {
	_, err := s.write(ctx, s.endSessions, userID)
	return failed("end the sessions", err)
}

func scanSession(r row) (v auth.Session, err error) {
	var created, rotated, used, expires int64
	if err := r.Scan(&v.UserID, &v.ID, &v.Nonce, &v.Generation, &v.PasswordEpoch, &v.Contract, &v.Client, &v.Source,
		&v.ActorID, &created, &rotated, &used, &expires); err != nil {
		return auth.Session{}, err
	}
	v.CreatedAt, v.RotatedAt, v.LastUsedAt, v.ExpiresAt = moment(created), moment(rotated), moment(used), moment(expires)
	return v, nil
}
