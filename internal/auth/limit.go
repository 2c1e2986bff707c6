package auth

import (
	"context"
	"fmt"
)

const (
	// maxSessions is how many sessions a user keeps per API client, and without one. An integration that signs in every few
	// minutes would otherwise pile up tens of thousands that nobody can list or end.
	maxSessions = 500
	// limitEvery is how many sign-ins share one look at the user's sessions, so that the others cost no more than before.
	limitEvery = 32
	// limitReads bounds one look, in pages; the rest is for the next one.
	limitReads = 4
)

// limitSessions deletes the oldest sessions of the session's user and client beyond maxSessions, at one of limitEvery
// sign-ins, chosen by its millisecond.
func (l *login) limitSessions(ctx context.Context, s Session) error {
	if s.CreatedAt.UnixMilli()%limitEvery != 0 {
		return nil
	}
	kept, before := 0, ""
	for range limitReads {
		page, err := l.store.SessionsOf(ctx, s.UserID, before, 2*maxSessions)
		if err != nil {
			return fmt.Errorf("read the user's sessions: %w", err)
		}
		var surplus []string
		for _, old := range page {
			if old.Client != s.Client {
				continue
			}
			if kept++; kept > maxSessions {
				surplus = append(surplus, old.ID)
			}
		}
		if err := l.store.EndSession(ctx, s.UserID, surplus...); err != nil {
			return fmt.Errorf("end the oldest sessions: %w", err)
		}
		if len(page) < 2*maxSessions {
			return nil
		}
		before = page[len(page)-1].ID
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
