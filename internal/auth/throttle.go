package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Limits bound failed sign-ins; the zero value bounds nothing.
type Limits struct {
	// Free failures of one user from one source cost no wait; from then on each doubles it, from 1 s to MaxBackoff. Zero:
	// they never wait.
	Free       int64
	MaxBackoff time.Duration
	// Source bounds the failures of one source over all users, User those of one user over all sources.
	Source, User Rate
	// Known is how long a source stays known to a user after a sign-in from it; User does not bind known ones.
	Known time.Duration
}

// Rate is so many failures in a span that begins with the first of them; zero failures mean no bound.
type Rate struct {
	Failures int64
	Span     time.Duration
}

// forgetAfter is how long a pair's failures are remembered after the last one: so long that, by the default limits,
// waiting for it gives fewer guesses than guessing once in each longest back-off.
const forgetAfter = 24 * time.Hour

// maxSkew is how far the clocks of those who count may differ. What was counted further in the future was counted by a
// clock that was wrong, and must not keep anybody waiting until then.
const maxSkew = time.Minute

// ThrottledError is ErrThrottled with the time to wait; it is the same for users who are there and who are not.
type ThrottledError struct{ Wait time.Duration }

// Error says what ErrThrottled says.
func (e *ThrottledError) Error() string { return ErrThrottled.Error() }

// Is makes errors.Is(err, ErrThrottled) true.
func (e *ThrottledError) Is(target error) bool { return target == ErrThrottled }

// RetryAfter is what the header of that name says (RFC 9110 10.2.3).
func (e *ThrottledError) RetryAfter() time.Duration { return e.Wait }

// AttemptKeys name the counters of an attempt by keyed hashes, so that the store holds no address of anybody who is
// not a user. The zero value counts nothing.
type AttemptKeys struct {
	User   string // of the canonical identifier
	Source string // of the source; empty where none is known, and then only User counts
}

// OfUser names the window of the user over all sources, alone, as AttemptStore.CountFailure takes it.
func (k AttemptKeys) OfUser() AttemptKeys { return AttemptKeys{User: k.User} }

// OfSource names the window of the source over all users, alone, as AttemptStore.CountFailure takes it.
func (k AttemptKeys) OfSource() AttemptKeys { return AttemptKeys{Source: k.Source} }

// Counters are what a store holds under AttemptKeys; what is not there is zero.
type Counters struct {
	Pair         Pair
	User, Source Window
}

// Pair counts the tries of one user from one source since their last success there.
type Pair struct {
	Failures   int64
	LastAt     time.Time
	KnownUntil time.Time // the user signed in from there, and the source is known until then
}

// ExpiresAt is when the pair says nothing any more and may be deleted.
func (p Pair) ExpiresAt() time.Time {
	if forgotten := p.LastAt.Add(forgetAfter); p.Failures > 0 && forgotten.After(p.KnownUntil) {
		return forgotten
	}
	return p.KnownUntil
}

// Window counts the failures of one user or one source since the first of them, until ExpiresAt.
type Window struct {
	Failures  int64
	Since     time.Time
	ExpiresAt time.Time
}

// next is the pair with one more try.
func (p Pair) next(now time.Time) Pair {
	if p.forgotten(now) {
		p.Failures = 0
	}
	return Pair{Failures: p.Failures + 1, LastAt: now, KnownUntil: p.KnownUntil}
}

func (p Pair) forgotten(now time.Time) bool {
	return now.Sub(p.LastAt) >= forgetAfter || p.LastAt.Sub(now) > maxSkew
}

// next is the window with one more failure, or a new one where this one is over.
func (w Window) next(now time.Time, span time.Duration) Window {
	if w.over(now) {
		return Window{Failures: 1, Since: now, ExpiresAt: now.Add(span)}
	}
	w.Failures++
	return w
}

func (w Window) over(now time.Time) bool {
	return !now.Before(w.ExpiresAt) || w.Since.Sub(now) > maxSkew
}

// backoff is how long a pair with so many failures waits after the last one.
func (l Limits) backoff(failures int64) time.Duration {
	beyond := failures - l.Free
	switch {
	case beyond < 0:
		return 0
	case beyond > 30: // more doublings than any maximum has
		return l.MaxBackoff
	}
	return min(time.Second<<beyond, l.MaxBackoff)
}

// wait returns how long the attempt has to wait and which limit says so, or zero where it may go on.
func (l Limits) wait(c Counters, now time.Time) (time.Duration, Reason) {
	if c.Source.Failures >= l.Source.Failures && l.Source.Failures > 0 && !c.Source.over(now) {
		return c.Source.ExpiresAt.Sub(now), reasonThrottledSource
	}
	if l.Free > 0 && c.Pair.Failures >= l.Free && !c.Pair.forgotten(now) {
		if wait := c.Pair.LastAt.Add(l.backoff(c.Pair.Failures)).Sub(now); wait > 0 {
			return wait, reasonThrottledPair
		}
	}
	known := now.Before(c.Pair.KnownUntil)
	if c.User.Failures >= l.User.Failures && l.User.Failures > 0 && !c.User.over(now) && !known {
		return c.User.ExpiresAt.Sub(now), reasonThrottledUser
	}
	return 0, ""
}

// Throttled says how long sign-ins of the user from that source would wait now, for those who run the service.
func (l Limits) Throttled(c Counters, now time.Time) time.Duration {
	wait, _ := l.wait(c, now)
	return wait
}

// NewAttemptKeys returns the names of the attempt's counters, the same for every spelling of an identifier.
func NewAttemptKeys(ctx context.Context, keys Keys, id Identifier, source Source) (AttemptKeys, error) {
	user, err := keys.MAC(ctx, "tries of user", id.String())
	if err != nil {
		return AttemptKeys{}, fmt.Errorf("name the counters: %w", err)
	}
	k := AttemptKeys{User: hex.EncodeToString(user[:16])}
	if source.Known() {
		mac, err := keys.MAC(ctx, "tries from source", source.String())
		if err != nil {
			return AttemptKeys{}, fmt.Errorf("name the counters: %w", err)
		}
		k.Source = hex.EncodeToString(mac[:16])
	}
	return k, nil
}

// throttled refuses the attempt where a counter that was just read is over its limit.
func (l *login) throttled(now time.Time) error {
	wait, reason := l.rules.Limits.wait(l.counted, now)
	if wait <= 0 {
		return nil
	}
	return l.refuse(&ThrottledError{wait}, reason)
}

// countAttempt counts before the password is checked, so that guesses sent at once cannot slip through.
func (l *login) countAttempt(ctx context.Context, now time.Time) error {
	if l.tries.Source == "" || l.rules.Limits.Free == 0 {
		return nil
	}
	seen := l.counted.Pair
	next := seen.next(now)
	err := l.counters.CountAttempt(ctx, l.tries, seen, next, l.rules.Limits.Free)
	if errors.Is(err, ErrConflict) { // others used up what was free, or tried in this very moment
		wait := max(l.rules.Limits.backoff(seen.Failures+1), time.Second)
		return l.refuse(&ThrottledError{wait}, reasonThrottledPair)
	}
	if err != nil {
		return fmt.Errorf("count the try: %w", err)
	}
	l.try = next
	return nil
}

// takeBack uncounts a try that our own fault ended: it told nobody anything about the password, and nobody shall wait for it.
// One that may not have been counted is never taken back, or else hanging up at the right moment would give guesses.
func (l *login) takeBack(ctx context.Context) {
	if l.try == (Pair{}) {
		return
	}
	ctx, cancel := outliving(ctx)
	defer cancel()
	err := l.counters.UndoAttempt(ctx, l.tries, l.try, l.counted.Pair)
	l.warn(ctx, "a try that failed by our own fault stays counted", err)
}

func (l *login) clearAttempts(ctx context.Context) error {
	if l.tries.Source == "" {
		return nil
	}
	knownUntil := l.session.CreatedAt.Add(l.rules.Limits.Known)
	if err := l.counters.ClearAttempts(ctx, l.tries, knownUntil); err != nil {
		return fmt.Errorf("clear the user's failures: %w", err)
	}
	return nil
}

// countFailure adds to the totals; the pair's own count was taken before. Hanging up does not keep it from that.
func (l *login) countFailure(ctx context.Context) error {
	if l.tries.User == "" {
		return nil
	}
	ctx, cancel := outliving(ctx)
	defer cancel()
	now := l.now().UTC().Truncate(time.Millisecond)
	sourceCounted := l.beside(func() error {
		if l.tries.Source == "" {
			return nil
		}
		seen := l.counted.Source
		return l.counters.CountFailure(ctx, l.tries.OfSource(), seen, seen.next(now, l.rules.Limits.Source.Span))
	})
	seen := l.counted.User
	err := l.counters.CountFailure(ctx, l.tries.OfUser(), seen, seen.next(now, l.rules.Limits.User.Span))
	if err := errors.Join(err, sourceCounted()); err != nil {
		return fmt.Errorf("count the failure: %w", err)
	}
	return nil
}
