package auth

import "time"

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
	ActorID       string // the impersonator, empty where the user signed in themselves

	CreatedAt, RotatedAt, LastUsedAt time.Time
	// ExpiresAt is when the session ends unless it is refreshed before; checked in code, for stores delete late.
	ExpiresAt time.Time
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
