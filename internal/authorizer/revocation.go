package authorizer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"latchkey/internal/auth"
)

// Revocation says how soon ended sessions and changed roles take effect.
type Revocation string

// The modes. A gateway that caches decisions adds the time that it keeps them.
const (
	Off     Revocation = "off"     // when the token expires; the store is never read
	Bounded Revocation = "bounded" // at most 60 s late: each session is read at most that often
	Strict  Revocation = "strict"  // at once: one read for each call
)

// bound is how long the result of a check is used under Bounded.
const bound = 60 * time.Second

// maxRemembered bounds the results that are kept, to a few megabytes.
const maxRemembered = 8192

// revocation checks the session of a token and looks up what its user may do.
type revocation struct {
	mode     Revocation
	sessions auth.SessionReader
	rules    auth.Rules
	now      func() time.Time
	recent   *recent
}

func newRevocation(c Config) revocation {
	return revocation{mode: c.Revocation, sessions: c.Sessions, rules: c.Rules, now: c.Now, recent: &recent{}}
}

// check returns the claims with the roles and the organization that the user has now, or as the token says under Off. It
// returns auth.ErrUnavailable if the session cannot be read, and another error if it has ended.
func (r revocation) check(ctx context.Context, c auth.Claims) (auth.Claims, error) {
	if r.mode == Off {
		return c, nil
	}
	now := r.now().Round(0) // without the monotonic clock, which may stop while a function is frozen
	id := sessionID{c.Subject, c.SessionID}
	access, known := r.recent.access(id, now)
	if r.mode == Strict || !known {
		caller, err := r.rules.Check(ctx, r.sessions, c, now)
		if errors.Is(err, auth.ErrNoSession) {
			return auth.Claims{}, err
		} else if err != nil {
			return auth.Claims{}, fmt.Errorf("%w: check the session: %w", auth.ErrUnavailable, err)
		}
		access = caller.Access
		r.recent.add(id, access, now)
	}
	c.Roles, c.Org = access.Roles, access.Org
	return c, nil
}

type sessionID struct{ user, session string }

// recent keeps the results of checks in two generations; the older one is dropped when the newer one is full. It never keeps
// that a session has ended, so a dropped result costs only a read.
type recent struct {
	mu         sync.Mutex
	young, old map[sessionID]result
}

// result is what a check found, and when its read began.
type result struct {
	access auth.Access
	at     time.Time
}

func (r *recent) access(id sessionID, now time.Time) (auth.Access, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, known := r.young[id]
	if !known {
		found, known = r.old[id]
	}
	age := now.Sub(found.at)
	return found.access, known && age >= 0 && age < bound // after the clock was set back nothing is known
}

func (r *recent) add(id sessionID, access auth.Access, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.young == nil || len(r.young) >= maxRemembered/2 {
		r.old, r.young = r.young, make(map[sessionID]result)
	}
	r.young[id] = result{access, now}
}
