package auth

import (
	"fmt"
	"slices"
	"time"
)

// Session is one sign-in that can be listed and ended. All tokens that come from it carry its ID as sid.
type Session struct {
	ID     string // begins with its time: see newSessionID
	UserID string
	// Nonce is mixed into the refresh tokens of this session; empty if it cannot be refreshed.
	Nonce string
	// Generation numbers the refresh tokens of the session from 1. Only the newest is valid.
	Generation int64
	// PasswordEpoch is the user's at sign-in; the session ends when the user's has grown.
	PasswordEpoch int64
	Contract      string
	// Org is the organization that the tokens speak for; the user must keep a qualifying account there. Empty if the contract
	// asks for no account.
	Org string
	// AccessLife is the life of access tokens that a refresh makes; zero in sessions of versions that did not store it.
	AccessLife time.Duration
	Client     string     // the API client's id, empty without one
	ClientKind ClientKind // empty without a client, and in sessions from before it was kept
	Source     string
	ActorID    string // the impersonator, empty if the user signed in as themselves
	// TargetID is the impersonated user. Such a session is the impersonator's record of it: the impersonation lasts as long
	// as this session does, and no token is valid for it.
	TargetID string

	// DeviceID is the remembered device in which no second factor was asked for, empty if it was or none is needed.
	DeviceID string
	// AMR says how the caller was authenticated (RFC 8176); empty in sessions from before it was kept.
	AMR []string
	// AuthTime is when the caller last proved who they are; zero means at CreatedAt.
	AuthTime time.Time

	CreatedAt, RotatedAt, LastUsedAt time.Time
	// ExpiresAt is when the session ends unless it is refreshed before. Callers check it, because stores delete late.
	ExpiresAt time.Time
}

// AuthenticatedAt returns when the caller last proved who they are.
func (s Session) AuthenticatedAt() time.Time {
	if s.AuthTime.IsZero() {
		return s.CreatedAt
	}
	return s.AuthTime
}

// provedFactor reports whether a second factor opened the session.
func (s Session) provedFactor() bool { return slices.Contains(s.AMR, "mfa") }

// mayRefresh reports whether the session goes on once its user must have a factor.
func (s Session) mayRefresh() bool { return s.provedFactor() || s.DeviceID != "" }

// ofIntegration reports whether an integration client opened the session. Sessions from before the kind was kept are told by
// what integrations get: no refresh token.
func (s Session) ofIntegration() bool {
	return s.ClientKind == ClientIntegration || s.ClientKind == "" && s.Client != "" && s.Nonce == ""
}

// inherit keeps what the session that s replaces had: its client, its organization, and what it proved unless s proved more.
func (s *Session) inherit(old Session) {
	s.Client, s.ClientKind, s.Org = old.Client, old.ClientKind, old.Org
	if s.AMR == nil {
		s.AMR, s.AuthTime = old.AMR, old.AuthenticatedAt()
	}
}

// newSessionID returns an id that sorts by its time, after the random ids of earlier versions, so that stores can list
// sessions by age. The random part has 128 bits (ASVS 7.2.3).
func newSessionID(at time.Time, random string) string {
	return fmt.Sprintf("zz%012x%s", at.UnixMilli(), random)
}

// Ended returns why the session is over for its user, or "" while it is valid. Every check has to call it, because stores
// delete late and users change.
func (s Session) Ended(u User, now time.Time) Reason {
	switch {
	case !now.Before(s.ExpiresAt):
		return reasonExpired
	case u.Status != StatusReady:
		return reasonNotReady
	case u.PasswordEpoch != s.PasswordEpoch:
		return reasonPasswordChanged
	}
	return ""
}

// impersonatorRecord returns the session that is stored for the impersonator; see TargetID.
func (s Session) impersonatorRecord(actor User) Session {
	s.UserID, s.PasswordEpoch, s.ActorID, s.TargetID = actor.ID, actor.PasswordEpoch, "", s.UserID
	return s
}
