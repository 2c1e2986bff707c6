package metrics

import (
	"context"
	"time"

	"latchkey/internal/auth"
)

// Passwords returns p with the time of its calls added up, waiting for a turn included.
func (r *Recorder) Passwords(p auth.Passwords) auth.Passwords { return passwords{p} }

// Logins returns a store with the time of its calls added up, of those beside each other too.
func (r *Recorder) Logins(s auth.LoginStore) auth.LoginStore { return logins{s} }

// Attempts returns a store with the time of its calls added up, as Logins does.
func (r *Recorder) Attempts(s auth.AttemptStore) auth.AttemptStore { return tries{s} }

// Sessions returns a store with the time of its calls added up, as Logins does.
func (r *Recorder) Sessions(s auth.SessionStore) auth.SessionStore { return sessions{s} }

// hashing and storing start the clock for a call, and return what ends it.
func hashing(ctx context.Context) (end func()) {
	began := time.Now()
	return func() {
		s := sampleOf(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hash += time.Since(began)
		s.hashes++
	}
}

func storing(ctx context.Context) (end func()) {
	began := time.Now()
	return func() {
		s := sampleOf(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.store += time.Since(began)
	}
}

type passwords struct{ next auth.Passwords }

func (p passwords) Verify(ctx context.Context, stored, password string) (match, outdated bool, err error) {
	defer hashing(ctx)()
	return p.next.Verify(ctx, stored, password)
}

func (p passwords) Hash(ctx context.Context, password string) (string, error) {
	defer hashing(ctx)()
	return p.next.Hash(ctx, password)
}

type logins struct{ next auth.LoginStore }

func (s logins) LookUp(ctx context.Context, q auth.LookupQuery) (auth.LookupResult, error) {
	defer storing(ctx)()
	return s.next.LookUp(ctx, q)
}

func (s logins) UserByID(ctx context.Context, userID string) (auth.User, error) {
	defer storing(ctx)()
	return s.next.UserByID(ctx, userID)
}

func (s logins) PutSession(ctx context.Context, v auth.Session) error {
	defer storing(ctx)()
	return s.next.PutSession(ctx, v)
}

func (s logins) ReplaceHash(ctx context.Context, userID, old, new string) error {
	defer storing(ctx)()
	return s.next.ReplaceHash(ctx, userID, old, new)
}

type tries struct{ next auth.AttemptStore }

func (s tries) CountAttempt(ctx context.Context, k auth.AttemptKeys, seen, next auth.Pair, free int64) error {
	defer storing(ctx)()
	return s.next.CountAttempt(ctx, k, seen, next, free)
}

func (s tries) UndoAttempt(ctx context.Context, k auth.AttemptKeys, counted, seen auth.Pair) error {
	defer storing(ctx)()
	return s.next.UndoAttempt(ctx, k, counted, seen)
}

func (s tries) ClearAttempts(ctx context.Context, k auth.AttemptKeys, knownUntil time.Time) error {
	defer storing(ctx)()
	return s.next.ClearAttempts(ctx, k, knownUntil)
}

func (s tries) CountFailure(ctx context.Context, k auth.AttemptKeys, seen, next auth.Window) error {
	defer storing(ctx)()
	return s.next.CountFailure(ctx, k, seen, next)
}

type sessions struct{ next auth.SessionStore }

func (s sessions) SessionAndUser(ctx context.Context, userID, sessionID string) (auth.Session, auth.User, error) {
	defer storing(ctx)()
	return s.next.SessionAndUser(ctx, userID, sessionID)
}

func (s sessions) RotateSession(ctx context.Context, next auth.Session, from int64) error {
	defer storing(ctx)()
	return s.next.RotateSession(ctx, next, from)
}

func (s sessions) SessionsOf(ctx context.Context, userID string) ([]auth.Session, error) {
	defer storing(ctx)()
	return s.next.SessionsOf(ctx, userID)
}

func (s sessions) EndSession(ctx context.Context, userID, sessionID string) error {
	defer storing(ctx)()
	return s.next.EndSession(ctx, userID, sessionID)
}

func (s sessions) EndSessions(ctx context.Context, userID, last string) error {
	defer storing(ctx)()
	return s.next.EndSessions(ctx, userID, last)
}
