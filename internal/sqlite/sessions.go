package sqlite

import (
	"context"

	"latchkey/internal/auth"
)

const (
	selectSession = `SELECT user_id, id, nonce, generation, password_epoch, contract, client, source, actor_id,
		created_at, rotated_at, last_used_at, expires_at FROM sessions WHERE user_id = ? AND id = ?`
	insertSession = `INSERT INTO sessions (user_id, id, nonce, generation, password_epoch, contract, client, source, actor_id,
		created_at, rotated_at, last_used_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// PutSession stores a new session, or returns auth.ErrConflict where its id is taken. It survives a killed process
// at once and a power cut as soon as the system has written the log to the disk; a lost one costs a sign-in.
func (s *Store) PutSession(ctx context.Context, v auth.Session) error {
	const attempt = "store the session"
	if err := s.lock(ctx); err != nil {
		return failed(attempt, err)
	}
	defer s.unlock()
	_, err := writeLocked(ctx, s.putSession,
		v.UserID, v.ID, v.Nonce, v.Generation, v.PasswordEpoch, v.Contract, v.Client, v.Source, v.ActorID,
		v.CreatedAt.UnixMilli(), v.RotatedAt.UnixMilli(), v.LastUsedAt.UnixMilli(), v.ExpiresAt.UnixMilli())
	if err == nil {
		s.tidyAfter(ctx, v)
	}
	return failed(attempt, err)
}

// Session returns the session, be it expired or not, or auth.ErrNotFound.
func (s *Store) Session(ctx context.Context, userID, sessionID string) (auth.Session, error) {
	v, err := readOne(ctx, s.session, scanSession, userID, sessionID)
	return v, failed("read the session", err)
}

// EndSessions deletes every session of the user. Unlike putting one it is on disk once confirmed: a power cut must
// not bring back what was ended.
func (s *Store) EndSessions(ctx context.Context, userID string) error {
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
