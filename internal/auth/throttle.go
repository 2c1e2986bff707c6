package auth

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Limits bound failed sign-ins; the zero value bounds nothing.
type Limits struct {
	// Free failures of one user from one source cost no wait. After them the wait doubles with each failure, from 1 s to
	// MaxBackoff. Zero: no waits.
	Free       int64
	MaxBackoff time.Duration
	// Source bounds the failures of one source's network over all users, User those of one user over all sources.
	Source, User Rate
	// Known is how long a source stays known to a user after a sign-in from it; User does not bind known sources.
	Known time.Duration
}

// Rate allows a number of failures in a span that begins with the first of them; zero failures mean no bound.
type Rate struct {
	Failures int64
	Span     time.Duration
}

// forgetAfter is how long a pair's failures are remembered after the last one. With the default limits, waiting for it gives
// fewer guesses than guessing once in each longest back-off.
const forgetAfter = 24 * time.Hour

// maxSkew is how far the clocks of two machines may differ. A count from further in the future came from a wrong clock, and
// must not make users wait until then.
const maxSkew = time.Minute

// ThrottledError is ErrThrottled with the time to wait; it is the same for known and unknown users.
type ThrottledError struct{ Wait time.Duration }

// Error returns the text of ErrThrottled.
func (e *ThrottledError) Error() string { return ErrThrottled.Error() }

// Is makes errors.Is(err, ErrThrottled) true.
func (e *ThrottledError) Is(target error) bool { return target == ErrThrottled }

// RetryAfter is the value of the Retry-After header (RFC 9110 10.2.3).
func (e *ThrottledError) RetryAfter() time.Duration { return e.Wait }

// AttemptKeys name the counters of an attempt by keyed hashes, so that the store holds no address of people who are not
// users. The zero value counts nothing.
type AttemptKeys struct {
	User    string // of the canonical identifier
	Source  string // of the source
	Network string // of the source's network, whose failures are added up
}

// OfUser names only the window of the user over all sources, for AttemptStore.CountFailure.
func (k AttemptKeys) OfUser() AttemptKeys { return AttemptKeys{User: k.User} }

// OfSource names only the window of the source's network over all users, for AttemptStore.CountFailure.
func (k AttemptKeys) OfSource() AttemptKeys { return AttemptKeys{Source: k.Network} }

// Counters are what a store holds under AttemptKeys; a missing counter is zero.
type Counters struct {
	Pair         Pair
	User, Source Window
}

// Pair counts the attempts of one user from one source since the user's last success there.
type Pair struct {
	Failures   int64
	LastAt     time.Time
	KnownUntil time.Time // the user signed in from the source, which is known until then
}

// ExpiresAt is when the pair no longer matters and may be deleted.
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

// next returns the pair with one more attempt.
func (p Pair) next(now time.Time) Pair {
	if p.forgotten(now) {
		p.Failures = 0
	}
	return Pair{Failures: p.Failures + 1, LastAt: now, KnownUntil: p.KnownUntil}
}

func (p Pair) forgotten(now time.Time) bool {
	return now.Sub(p.LastAt) >= forgetAfter || p.LastAt.Sub(now) > maxSkew
}

// next returns the window with one more failure, or a new one if this one is over.
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

// backoff is how long a pair with this number of failures waits after the last one.
func (l Limits) backoff(failures int64) time.Duration {
	beyond := failures - l.Free
	switch {
	case beyond < 0:
		return 0
	case beyond > 30: // past every maximum, and the shift would overflow
		return l.MaxBackoff
	}
	return min(time.Second<<beyond, l.MaxBackoff)
}

// wait returns how long the attempt has to wait and which limit is the reason, or zero if it may go on.
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

// Throttled returns how long sign-ins with these counters would have to wait now, for operators.
func (l Limits) Throttled(c Counters, now time.Time) time.Duration {
	wait, _ := l.wait(c, now)
	return wait
}

// unknownSource stands for all attempts whose source is not known: together they are one source, so that parallel guesses
// stay bounded. No address is spelled like it.
const unknownSource = "unknown"

// NewAttemptKeys returns the names of the attempt's counters, the same for every spelling of an identifier.
func NewAttemptKeys(ctx context.Context, keys Keys, id Identifier, source Source) (k AttemptKeys, err error) {
	address, network := cmp.Or(source.text, unknownSource), cmp.Or(source.network, unknownSource)
	if k.User, err = counterName(ctx, keys, "tries of user", id.String()); err != nil {
		return AttemptKeys{}, err
	}
	if k.Source, err = counterName(ctx, keys, "tries from source", address); err != nil {
		return AttemptKeys{}, err
	}
	if k.Network = k.Source; network != address {
		k.Network, err = networkKey(ctx, keys, source)
	}
	return k, err
}

// networkKey returns the name of only the source's window.
func networkKey(ctx context.Context, keys Keys, source Source) (string, error) {
	return counterName(ctx, keys, "tries from source", cmp.Or(source.network, unknownSource))
}

func counterName(ctx context.Context, keys Keys, label string, parts ...string) (string, error) {
	mac, err := keys.MAC(ctx, label, parts...)
	if err != nil {
		return "", fmt.Errorf("name the counters: %w", err)
	}
	return hex.EncodeToString(mac[:16]), nil
}

// tally is the counting of one attempt. Its keys are zero if nothing is limited.
type tally struct {
	keys    AttemptKeys
	seen    Counters // as the first read found them
	counted Pair     // as this attempt counted it, once it has
	device  bool     // the attempt was counted for its device instead
}

// checkLimits refuses the attempt if a counter is over its limit: without a hash and without a write.
func (l *login) checkLimits() error {
	if l.device.ID != "" { // it has a limit of its own
		return nil
	}
	wait, reason := l.rules.Limits.wait(l.tally.seen, l.now())
	if wait <= 0 {
		return nil
	}
	return refuse(&ThrottledError{wait}, reason)
}

// countAttempt counts before the password is checked, so that parallel guesses cannot slip through.
func (l *login) countAttempt(ctx context.Context) error {
	if l.device.ID != "" {
		return l.countDevice(ctx)
	}
	if l.rules.Limits.Free == 0 {
		return nil
	}
	seen := l.tally.seen.Pair
	next := seen.next(l.now().UTC().Truncate(time.Millisecond))
	err := l.store.CountAttempt(ctx, l.tally.keys, seen, next, l.rules.Limits.Free)
	if errors.Is(err, ErrConflict) { // other attempts used up what was free, or one was made at this very moment
		wait := max(l.rules.Limits.backoff(seen.Failures+1), time.Second)
		return refuse(&ThrottledError{wait}, reasonThrottledPair)
	}
	if err != nil {
		return fmt.Errorf("count the attempt: %w", err)
	}
	l.tally.counted = next
	return nil
}

// failed settles the count of an attempt that did not end well: a refusal, by the password or by the gate alike, adds to the
// totals; our own fault takes the count back; a right password without its factor, or with a wrong code, stays counted, and adds
// nothing to the totals: codes have a counter of their own.
// It returns the error that ends the attempt.
func (l *login) failed(ctx context.Context, err error) error {
	if l.device.ID != "" {
		return l.failedDevice(ctx, err)
	}
	reason, refused := reasonOf(err)
	switch {
	case !refused:
		l.undoAttempt(ctx)
		return err
	case isChallenge(err), errors.Is(err, ErrThrottled), reason == reasonWrongCode:
		return err
	}
	if failure := l.countFailure(ctx); failure != nil {
		return failure
	}
	return err
}

// undoAttempt takes back the count of an attempt that our own fault ended: it revealed nothing about the password, and the user
// must not wait for it. An attempt that may not have been counted is never taken back: hanging up at the right moment would
// give free guesses.
func (l *login) undoAttempt(ctx context.Context) {
	ctx, cancel := detach(ctx)
	defer cancel()
	var err error
	switch {
	case l.tally.device:
		err = l.store.UncountDevice(ctx, l.device.Key())
	case l.tally.counted != (Pair{}):
		err = l.store.UndoAttempt(ctx, l.tally.keys, l.tally.counted, l.tally.seen.Pair)
	}
	if err != nil {
		l.auditor.log.WarnContext(ctx, "an attempt that failed by our own fault stays counted", "user", l.record.UserID, "error", err)
	}
}

func (l *login) clearAttempts(ctx context.Context, now time.Time) error {
	if l.device.ID != "" {
		if err := l.store.UseDevice(ctx, l.device.Key(), now); err != nil {
			return fmt.Errorf("clear the device's failures: %w", err)
		}
		return nil
	}
	if l.tally.keys.User == "" { // nothing is limited, or no password was tried
		return nil
	}
	knownUntil := now
	if l.attempt.Source.Known() { // attackers share the unknown source: it never becomes known to a user
		knownUntil = now.Add(l.rules.Limits.Known)
	}
	if err := l.store.ClearAttempts(ctx, l.tally.keys, knownUntil); err != nil {
		return fmt.Errorf("clear the user's failures: %w", err)
	}
	return nil
}

// countFailure adds to the totals of user and source; the pair was counted before. A client that hung up is counted too.
func (l *login) countFailure(ctx context.Context) error {
	keys, seen := l.tally.keys, l.tally.seen
	if keys == (AttemptKeys{}) {
		return nil
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	now := l.now().UTC().Truncate(time.Millisecond)
	sourceCounted := l.start(func() error {
		return l.store.CountFailure(ctx, keys.OfSource(), seen.Source, seen.Source.next(now, l.rules.Limits.Source.Span))
	})
	err := l.store.CountFailure(ctx, keys.OfUser(), seen.User, seen.User.next(now, l.rules.Limits.User.Span))
	if err := errors.Join(err, sourceCounted()); err != nil {
		return fmt.Errorf("count the failure: %w", err)
	}
	return nil
}
