package auth

import (
	"context"
	"fmt"
	"time"
)

const (
	// maxSessions is how many sessions a user keeps per API client, and without one. An integration that signs in every few
	// minutes would otherwise pile up tens of thousands that nobody can list or end.
	maxSessions = 500
	// limitEvery is how many sign-ins share one call of LimitSessions, so that the others cost no more than before.
	limitEvery = 32
	// limitTime bounds the call, for which a sign-in waits; a later one continues.
	limitTime = time.Second
)

// limitSessions deletes the oldest sessions of the session's user and client beyond maxSessions, at one of limitEvery
// sign-ins, chosen by its millisecond.
func (l *login) limitSessions(ctx context.Context, s Session) error {
	if s.CreatedAt.UnixMilli()%limitEvery != 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, limitTime)
	defer cancel()
	if err := l.store.LimitSessions(ctx, s.UserID, s.Client, maxSessions); err != nil {
		return fmt.Errorf("limit the user's sessions: %w", err)
	}
	return nil
}

// recordImpersonation stores the impersonator's record of an impersonation; see Session.TargetID.
func (l *login) recordImpersonation(ctx context.Context, s Session, actor User) error {
	if s.ActorID == "" {
		return nil
	}
	return l.store.PutSession(ctx, s.impersonatorRecord(actor))
}
