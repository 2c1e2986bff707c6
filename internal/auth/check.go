package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// SessionReader is the part of SessionStore that checks need.
type SessionReader interface {
	// SessionAndUser reads both consistently, or returns ErrNotFound if either is missing.
	SessionAndUser(ctx context.Context, userID, sessionID string) (Session, User, error)
}

// Caller is the sender of a request: a user with a session that was valid when it was read.
type Caller struct {
	User    User
	Session Session
	Access
	ExpiresAt time.Time // of the access token

	enrolling *enrollment // nil unless an enrollment challenge stands for the session
}

// Access is what a session's user may do at the moment, whatever their tokens say.
type Access struct {
	Roles []string // the user's role and, in an organization, the one there; never nil
	Org   string
}

// Check reads the session of a verified token and returns its caller with their present roles; ErrNoSession if it may
// not go on.
func (r Rules) Check(ctx context.Context, store SessionReader, c Claims, now time.Time) (Caller, error) {
	// A session may not go on if it is over, the user lacks what its contract asks for, or the impersonator may not
	// impersonate any more. The check costs one read, and a second one under an impersonation.
	session, user, err := store.SessionAndUser(ctx, c.Subject, c.SessionID)
	if errors.Is(err, ErrNotFound) {
		return Caller{}, noSession(reasonSessionUnknown)
	} else if err != nil {
		return Caller{}, fmt.Errorf("read the session: %w", err)
	}
	if session.Org == "" {
		session.Org = c.Org // stored by a version that left it to the token
	}
	access, err := r.checkSession(ctx, store, session, user, now)
	if err != nil {
		return Caller{}, err
	}
	return Caller{User: user, Session: session, Access: access, ExpiresAt: c.ExpiresAt}, nil
}

// noSession is a refusal whose text has the reason, for logs of callers that write no audit record.
func noSession(reason Reason) error {
	return fmt.Errorf("%w: %s", refuse(ErrNoSession, reason), reason)
}

// checkSession decides whether a session that was read goes on. A refusal is ErrNoSession with the reason for the audit.
func (r Rules) checkSession(ctx context.Context, store SessionReader, s Session, u User, now time.Time) (Access, error) {
	reason := s.Ended(u, now)
	if s.TargetID != "" {
		reason = reasonSessionUnknown
	}
	if reason != "" {
		return Access{}, noSession(reason)
	}
	access, qualifies := r.access(u, s.Org)
	if !qualifies {
		return Access{}, noSession(reasonWrongRole)
	}
	if s.ActorID == "" {
		return access, nil
	}
	return access, r.checkActor(ctx, store, s, u, now)
}

// checkActor refuses an impersonation whose impersonator was signed out, disabled or deleted, or lost the role for it, and
// one whose target may no longer be impersonated.
func (r Rules) checkActor(ctx context.Context, store SessionReader, s Session, target User, now time.Time) error {
	record, actor, err := store.SessionAndUser(ctx, s.ActorID, s.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return noSession(reasonImpersonationRole)
	case err != nil:
		return fmt.Errorf("read the impersonator: %w", err)
	case record.TargetID != s.UserID || record.Ended(actor, now) != "" || !contains(r.ImpersonatorRoles, actor.Role):
		return noSession(reasonImpersonationRole)
	case contains(r.ImpersonatorRoles, target.Role):
		return noSession(reasonImpersonationTarget)
	}
	return nil
}

// access returns the roles of the user, in the organization if it is not empty, and false if the user has no qualifying
// account there.
func (r Rules) access(u User, org string) (a Access, qualifies bool) {
	a = Access{Roles: []string{}, Org: org}
	if u.Role != "" {
		a.Roles = append(a.Roles, u.Role)
	}
	if org == "" {
		return a, true
	}
	var there []Account
	for _, account := range u.Accounts {
		if account.OrganizationID == org {
			there = append(there, account)
		}
	}
	i := selectAccount(there, r.QualifyingRoles)
	if i < 0 {
		return Access{}, false
	}
	if userType := there[i].UserType; userType != u.Role {
		a.Roles = append(a.Roles, userType)
	}
	return a, true
}
