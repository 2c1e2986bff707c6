package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Sessions refreshes, checks, lists and ends open sessions. Like Service it holds no state.
type Sessions struct {
	store  sessionStore
	keys   Keys
	tokens Verifier
	rules  Rules
	notifier
	auditor auditor
	now     func() time.Time
	newID   func() string
}

type sessionStore interface {
	SessionStore
	DeviceStore
}

// NewSessions returns the sessions over all of the config but Passwords; it starts nothing and reads nothing.
func NewSessions(c Config) *Sessions {
	c = c.withDefaults()
	return &Sessions{
		store: c.Store, keys: c.Keys, tokens: c.Tokens, rules: c.Rules, notifier: c.notifier(), auditor: auditor{c.Audit, c.Log}, now: c.Now, newID: c.NewID,
	}
}

// Now returns the time by the clock that decides what has expired.
func (s *Sessions) Now() time.Time { return s.now() }

// Authenticate returns the caller that the access token belongs to, or ErrNoSession if the token is invalid or Rules.Check
// refuses its session. It reads the store each time.
func (s *Sessions) Authenticate(ctx context.Context, accessToken string) (Caller, error) {
	claims, err := s.tokens.Verify(ctx, accessToken)
	if errors.Is(err, ErrUnavailable) {
		return Caller{}, fmt.Errorf("verify the access token: %w", err)
	} else if err != nil {
		return Caller{}, fmt.Errorf("%w: %w", ErrNoSession, err)
	}
	return s.rules.Check(ctx, s.store, claims, s.now())
}

// Credentials are the tokens that one request carries. A browser may send several of a kind, and of several users.
type Credentials struct{ Access, Refresh []string }

// SignOut ends the session of each valid token or, with all, every session of their users. ErrNoSession means that no
// token is valid.
func (s *Sessions) SignOut(ctx context.Context, c Credentials, all bool, source Source) error {
	// Under an impersonation all is ErrImpersonation. A refresh token that was replaced ends only its own session, as
	// in Refresh.
	o := signOut{Sessions: s, all: all, source: source}
	for _, token := range c.Access {
		if err := o.byAccess(ctx, token); err != nil && !errors.Is(err, ErrNoSession) {
			return err
		}
	}
	for _, token := range c.Refresh {
		if err := o.byRefresh(ctx, token); err != nil && !errors.Is(err, ErrNoSession) {
			return err
		}
	}
	if len(o.ended) == 0 {
		return ErrNoSession
	}
	return nil
}

// signOut is one sign-out while it runs. Each session that it ends has an audit record.
type signOut struct {
	*Sessions
	all    bool
	source Source
	ended  []Session
}

func (o *signOut) record() AuditRecord {
	if o.all {
		return AuditRecord{Event: eventLogoutAll, Source: o.source, Contract: sessionContract}
	}
	return AuditRecord{Event: eventLogout, Source: o.source, Contract: sessionContract}
}

func (o *signOut) byAccess(ctx context.Context, token string) error {
	c, err := o.Authenticate(ctx, token)
	if err != nil || o.has(c.Session.UserID, c.Session.ID) {
		return err
	}
	record := o.record()
	record.UserID, record.SessionID, record.ActorID = c.User.ID, c.Session.ID, c.Session.ActorID
	return o.auditor.audited(ctx, &record, func() error { return o.end(ctx, c.Session) })
}

// byRefresh is for browsers whose access token has expired.
func (o *signOut) byRefresh(ctx context.Context, token string) error {
	if claim, ok := parseRefreshToken(token); ok && o.has(claim.userID, claim.sessionID) {
		return nil
	}
	r := refresh{Sessions: o.Sessions, record: o.record()}
	return o.auditor.audited(ctx, &r.record, func() error {
		p, err := r.look(ctx, token)
		if err != nil {
			return err
		}
		return o.end(ctx, p.session)
	})
}

// has reports whether this sign-out has ended the session already.
func (o *signOut) has(userID, sessionID string) bool {
	return slices.ContainsFunc(o.ended, func(s Session) bool { return s.UserID == userID && (o.all || s.ID == sessionID) })
}

func (o *signOut) end(ctx context.Context, s Session) (err error) {
	switch {
	case o.all && s.ActorID != "":
		return refuse(ErrImpersonation, ReasonNotAllowed)
	case o.all:
		if err = o.store.EndSessions(ctx, s.UserID, s.ID); err == nil {
			o.notify(ctx, MessageSessionsEnded, s.UserID)
		}
	default:
		err = EndSession(ctx, o.store, s)
	}
	if err == nil {
		o.ended = append(o.ended, s)
	}
	return err
}

// EndSession deletes the session. An impersonation has one session for each of its users; both are deleted.
func EndSession(ctx context.Context, store SessionEnder, s Session) error {
	if other := cmp.Or(s.ActorID, s.TargetID); other != "" {
		if err := store.EndSession(ctx, other, s.ID); err != nil {
			return err
		}
	}
	return store.EndSession(ctx, s.UserID, s.ID)
}

// SessionEnder is the part of SessionStore that EndSession needs.
type SessionEnder interface {
	EndSession(ctx context.Context, userID, sessionID string) error
}

// listPage is how many sessions List returns at once.
const listPage = 100

// List returns at most 100 of the user's live sessions, the newest first, and a cursor, empty if there are no more.
func (s *Sessions) List(ctx context.Context, u User, cursor string) (live []Session, next string, err error) {
	// Impersonations are among them, of the user (with ActorID) and by the user (with TargetID).
	now := s.now()
	for {
		page, err := s.store.SessionsOf(ctx, u.ID, cursor, listPage+1)
		if err != nil {
			return nil, "", fmt.Errorf("list the sessions: %w", err)
		}
		for _, session := range page {
			if session.Ended(u, now) != "" {
				continue
			}
			if len(live) == listPage {
				next = live[listPage-1].ID
				break
			}
			live = append(live, session)
		}
		if next != "" || len(page) <= listPage {
			slices.SortStableFunc(live, func(a, b Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
			return live, next, nil
		}
		cursor = page[len(page)-1].ID
	}
}

// End ends one of the caller's sessions, or forgets one of their devices, or returns ErrNotFound. An impersonator may end only the impersonation.
func (s *Sessions) End(ctx context.Context, c Caller, sessionID string, source Source) error {
	record := AuditRecord{
		Event: eventSessionEnd, Source: source, UserID: c.User.ID, ActorID: c.Session.ActorID, Contract: sessionContract,
	}
	return s.auditor.audited(ctx, &record, func() error {
		session, err := s.ownSession(ctx, c, sessionID)
		if errors.Is(err, ErrNotFound) {
			return s.endDevice(ctx, c.User, sessionID, &record)
		}
		if err != nil {
			return err
		}
		record.SessionID = session.ID // the stored id: the one in the request may be any text, even a token
		return EndSession(ctx, s.store, session)
	})
}

func (s *Sessions) ownSession(ctx context.Context, c Caller, sessionID string) (Session, error) {
	if c.Session.ActorID != "" && sessionID != c.Session.ID {
		return Session{}, refuse(ErrImpersonation, ReasonNotAllowed)
	}
	session, _, err := s.store.SessionAndUser(ctx, c.User.ID, sessionID)
	if errors.Is(err, ErrNotFound) {
		return Session{}, err
	} else if err != nil {
		return Session{}, fmt.Errorf("look up the session: %w", err)
	}
	return session, nil
}
