package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Sessions refreshes, checks, lists and ends open sessions. Like Service it holds no state.
type Sessions struct {
	store   SessionStore
	keys    Keys
	tokens  Verifier
	rules   Rules
	auditor auditor
	now     func() time.Time
	newID   func() string
}

// NewSessions returns the sessions over all of the config but Passwords; it starts nothing and reads nothing.
func NewSessions(c Config) *Sessions {
	c = c.withDefaults()
	return &Sessions{
		store: c.Store, keys: c.Keys, tokens: c.Tokens, rules: c.Rules, auditor: auditor{c.Audit, c.Log}, now: c.Now, newID: c.NewID,
	}
}

// Caller is who sent a request: a user with a session that was good when it was read.
type Caller struct {
	User    User
	Session Session

	enrolling *ticket // nil unless an enrollment challenge stands for the session
}

// Authenticate returns the caller whom the access token speaks for, or ErrNoSession where the token is not good, its
// session has ended, or the user may not sign in any more. It reads the store each time.
func (s *Sessions) Authenticate(ctx context.Context, accessToken string) (Caller, error) {
	claims, err := s.tokens.Verify(ctx, accessToken)
	if errors.Is(err, ErrUnavailable) {
		return Caller{}, fmt.Errorf("verify the access token: %w", err)
	} else if err != nil {
		return Caller{}, fmt.Errorf("%w: %w", ErrNoSession, err)
	}
	session, user, err := s.store.SessionAndUser(ctx, claims.Subject, claims.SessionID)
	if errors.Is(err, ErrNotFound) {
		return Caller{}, ErrNoSession
	} else if err != nil {
		return Caller{}, fmt.Errorf("read the session: %w", err)
	}
	if reason := session.Ended(user, s.now()); reason != "" {
		return Caller{}, fmt.Errorf("%w: %s", ErrNoSession, reason)
	}
	return Caller{User: user, Session: session}, nil
}

// SignOut ends the caller's session, or all of the user's. An impersonator may end the impersonation alone: all is
// ErrImpersonation.
func (s *Sessions) SignOut(ctx context.Context, c Caller, all bool, source Source) error {
	record := logoutRecord(all, source)
	record.UserID, record.SessionID, record.ActorID = c.User.ID, c.Session.ID, c.Session.ActorID
	return s.auditor.audited(ctx, &record, func() error { return s.signOut(ctx, c.Session, all) })
}

func logoutRecord(all bool, source Source) AuditRecord {
	if all {
		return AuditRecord{Event: eventLogoutAll, Source: source, Contract: sessionContract}
	}
	return AuditRecord{Event: eventLogout, Source: source, Contract: sessionContract}
}

func (s *Sessions) signOut(ctx context.Context, session Session, all bool) error {
	switch {
	case all && session.ActorID != "":
		return refuse(ErrImpersonation, ReasonNotAllowed)
	case all:
		return s.store.EndSessions(ctx, session.UserID, session.ID)
	}
	return s.store.EndSession(ctx, session.UserID, session.ID)
}

// SignOutByRefresh does as SignOut for the session of a refresh token, which is what a browser still has when its access
// token has expired. It returns ErrNoSession when Refresh does: an old token ends its own session and no other.
func (s *Sessions) SignOutByRefresh(ctx context.Context, token string, all bool, source Source) error {
	r := refresh{Sessions: s, record: logoutRecord(all, source)}
	return s.auditor.audited(ctx, &r.record, func() error {
		p, err := r.look(ctx, token)
		if err != nil {
			return err
		}
		return s.signOut(ctx, p.session, all)
	})
}

// List returns the user's live sessions, the newest first.
func (s *Sessions) List(ctx context.Context, c Caller) ([]Session, error) {
	all, err := s.store.SessionsOf(ctx, c.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list the sessions: %w", err)
	}
	live := slices.DeleteFunc(all, func(x Session) bool { return x.Ended(c.User, s.now()) != "" })
	slices.SortStableFunc(live, func(a, b Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return live, nil
}

// End ends one session of the caller's own, or returns ErrNotFound. An impersonator may end that session alone.
func (s *Sessions) End(ctx context.Context, c Caller, sessionID string, source Source) error {
	record := AuditRecord{
		Event: eventSessionEnd, Source: source, UserID: c.User.ID, ActorID: c.Session.ActorID, Contract: sessionContract,
	}
	return s.auditor.audited(ctx, &record, func() error {
		session, err := s.ownSession(ctx, c, sessionID)
		if err != nil {
			return err
		}
		record.SessionID = session.ID // the store's: the id that was asked for may be any text, a token too
		return s.store.EndSession(ctx, session.UserID, session.ID)
	})
}

func (s *Sessions) ownSession(ctx context.Context, c Caller, sessionID string) (Session, error) {
	if c.Session.ActorID != "" && sessionID != c.Session.ID {
		return Session{}, refuse(ErrImpersonation, ReasonNotAllowed)
	}
	session, _, err := s.store.SessionAndUser(ctx, c.User.ID, sessionID)
	if errors.Is(err, ErrNotFound) {
		return Session{}, refuse(err, reasonNotFound)
	} else if err != nil {
		return Session{}, fmt.Errorf("look up the session: %w", err)
	}
	return session, nil
}
