package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Sessions is what can be done with a session once it is open: refresh it, check it, list and end it. Like
// Service it holds no state.
type Sessions struct {
	store   SessionStore
	keys    Keys
	tokens  Verifier
	rules   Rules
	journal journal
	now     func() time.Time
	newID   func() string
}

// SessionsConfig are what Sessions is made of; Now and NewID may be nil and are then the real ones.
type SessionsConfig struct {
	Store  SessionStore
	Keys   Keys
	Tokens Verifier
	Rules  Rules
	Log    *slog.Logger
	Now    func() time.Time
	NewID  func() string
}

// NewSessions returns the sessions over the parts; it starts nothing and reads nothing.
func NewSessions(p SessionsConfig) *Sessions {
	s := &Sessions{
		store: p.Store, keys: p.Keys, tokens: p.Tokens, rules: p.Rules, journal: journal{p.Log}, now: p.Now, newID: p.NewID,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.newID == nil {
		s.newID = NewID
	}
	return s
}

// Caller is who sent a request: a user with a session that was good when it was read.
type Caller struct {
	User    User
	Session Session
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

// SignOut ends the caller's session, or all of the user's. Who impersonates ends the impersonation alone: all is
// ErrImpersonation.
func (s *Sessions) SignOut(ctx context.Context, c Caller, all bool, source Source) error {
	record := logout(all, source)
	record.userID, record.sessionID, record.actorID = c.User.ID, c.Session.ID, c.Session.ActorID
	return s.journal.after(ctx, func() error { return s.signOut(ctx, c.Session, all) }, record.ended)
}

func logout(all bool, source Source) auditRecord {
	if all {
		return auditRecord{event: eventLogoutAll, source: source, contract: sessionContract}
	}
	return auditRecord{event: eventLogout, source: source, contract: sessionContract}
}

func (s *Sessions) signOut(ctx context.Context, session Session, all bool) error {
	switch {
	case all && session.ActorID != "":
		return ErrImpersonation
	case all:
		return s.store.EndSessions(ctx, session.UserID, session.ID)
	}
	return s.store.EndSession(ctx, session.UserID, session.ID)
}

// SignOutByRefresh does as SignOut for the session of a refresh token, which is what a browser still has when its access
// token has expired. It returns ErrNoSession for what Refresh does: an old token ends its own session and no other.
func (s *Sessions) SignOutByRefresh(ctx context.Context, token string, all bool, source Source) error {
	r := refresh{Sessions: s, audit: logout(all, source)}
	return s.journal.after(ctx, func() error {
		p, err := r.look(ctx, token)
		if err != nil {
			return err
		}
		return s.signOut(ctx, p.session, all)
	}, r.ended)
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

// End ends one session of the caller's own, or returns ErrNotFound. Who impersonates may end that session alone.
func (s *Sessions) End(ctx context.Context, c Caller, sessionID string, source Source) error {
	var ended Session
	return s.journal.after(ctx, func() (err error) {
		ended, err = s.end(ctx, c, sessionID)
		return err
	}, func(err error) auditRecord {
		return auditRecord{ // the id is the store's: what was asked for may be any text, a token too
			event: eventSessionEnd, source: source, userID: c.User.ID, sessionID: ended.ID, actorID: c.Session.ActorID,
			contract: sessionContract,
		}.ended(err)
	})
}

func (s *Sessions) end(ctx context.Context, c Caller, sessionID string) (Session, error) {
	if c.Session.ActorID != "" && sessionID != c.Session.ID {
		return Session{}, ErrImpersonation
	}
	session, _, err := s.store.SessionAndUser(ctx, c.User.ID, sessionID)
	if err != nil {
		return Session{}, fmt.Errorf("look up the session: %w", err)
	}
	return session, s.store.EndSession(ctx, c.User.ID, sessionID)
}
