package auth

import (
	"slices"
	"time"
)

// Session is one sign-in that can be seen and ended; all tokens that come from it carry its id as sid.
type Session struct {
	ID     string
	UserID string
	// Nonce is mixed into the refresh tokens of this session; empty where it cannot be refreshed.
	Nonce string
	// Generation numbers the refresh tokens of the session: only the newest is good, from 1.
	Generation int64
	// PasswordEpoch is the user's at sign-in; the session ends when the user's has grown.
	PasswordEpoch int64
	Contract      string
	Client        string // the API client's id, empty without one
	Source        string
	ClientKind    ClientKind // empty without a client, and in sessions from before it was kept
	ActorID       string     // the impersonator, empty where the user signed in themselves

	// AMR says how the caller was authenticated (RFC 8176); empty in sessions from before it was kept.
	AMR []string
	// AuthTime is when the caller last proved who they are; zero means at CreatedAt.
	AuthTime time.Time

	CreatedAt, RotatedAt, LastUsedAt time.Time
	// ExpiresAt is when the session ends unless it is refreshed before; checked in code, for stores delete late.
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

// ofIntegration reports whether an integration client opened the session. Sessions from before the kind was kept are told by
// what integrations get: no refresh token.
func (s Session) ofIntegration() bool {
	return s.ClientKind == ClientIntegration || s.ClientKind == "" && s.Client != "" && s.Nonce == ""
}

// Ended says why the session is over, or nothing while it is good. Stores delete late and users change: this
// is looked at each time.
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
