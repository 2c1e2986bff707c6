package authorizer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"latchkey/internal/auth"
)

// Sessions is what the authorizer asks the store.
type Sessions interface {
	// SessionAndUser reads a session and its user consistently, or returns auth.ErrNotFound where either is missing.
	SessionAndUser(ctx context.Context, userID, sessionID string) (auth.Session, auth.User, error)
}

// Revocation says how soon the tokens of a session that has ended are refused.
type Revocation string

// The ways. A gateway that caches decisions adds the time that it keeps them.
const (
	Off     Revocation = "off"     // when they expire; the store is never read
	Bounded Revocation = "bounded" // at most 60 s late: a session is read so often at most
	Strict  Revocation = "strict"  // at once: a read for each call
)

// bound is how long a session that was good counts as good under Bounded.
const bound = 60 * time.Second

// maxRemembered bounds what is remembered of sessions: about two megabytes, whatever calls.
const maxRemembered = 8192

var errEnded = errors.New("the session has ended")

// revocation finds out whether a token's session still stands.
type revocation struct {
	mode     Revocation
	sessions Sessions
	now      func() time.Time
	recent   *recent
}

func newRevocation(c Config) revocation {
	return revocation{mode: c.Revocation, sessions: c.Sessions, now: c.Now, recent: &recent{}}
}

// check returns nil while the session stands, auth.ErrUnavailable where that cannot be known, and else a reason.
func (r revocation) check(ctx context.Context, c auth.Claims) error {
	if r.mode == Off {
		return nil
	}
	now := r.now().Round(0) // without the monotonic clock, which may stand still while a function does
	id := sessionID{c.Subject, c.SessionID}
	if r.mode == Bounded && r.recent.stood(id, now) {
		return nil
	}
	session, user, err := r.sessions.SessionAndUser(ctx, id.user, id.session)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return errEnded
	case err != nil:
		return fmt.Errorf("%w: read the session: %w", auth.ErrUnavailable, err)
	}
	if reason := session.Ended(user, now); reason != "" {
		return fmt.Errorf("%w: %s", errEnded, reason)
	}
	r.recent.add(id, now)
	return nil
}

type sessionID struct{ user, session string }

// recent remembers when sessions were last seen to stand, in two generations: the older goes when the newer is full.
// It never remembers that one had ended, so what it forgets costs a read and no more.
type recent struct {
	mu         sync.Mutex
	young, old map[sessionID]time.Time // when the read began
}

func (r *recent) stood(id sessionID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, known := r.young[id]
	if !known {
		at, known = r.old[id]
	}
	age := now.Sub(at)
	return known && age >= 0 && age < bound // a clock set back proves nothing
}

func (r *recent) add(id sessionID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.young == nil || len(r.young) >= maxRemembered/2 {
		r.old, r.young = r.young, make(map[sessionID]time.Time)
	}
	r.young[id] = now
}
