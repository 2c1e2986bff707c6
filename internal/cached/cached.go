// Package cached keeps the last good value of a source that may be slow or fail. It is apart from package secret because
// public keys need it as well, in programs that link no AWS SDK. It knows nothing of what the bytes mean.
package cached

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Origin is where a value comes from: a file, a secret, a table, another server.
type Origin interface {
	// Get returns the value. It ends in bounded time of its own, and earlier where ctx does.
	Get(ctx context.Context) ([]byte, error)
}

// Options are the times of a cache. What is zero has the default that is named beside it.
type Options struct {
	Soft     time.Duration // 10 min: a value is fetched anew at this age or up to a fifth earlier, at random
	Hard     time.Duration // 6 h: a value is used no longer than this, whatever the origin does
	Cooldown time.Duration // 30 s: while there is a value, at most one fetch in this time
	Backoff  time.Duration // 1 s: while there is none, at most one fetch in this time after one that failed
	Patience time.Duration // 1 s: so long a caller waits for a newer value while the old one is good

	// Validate may refuse a fetched value, which is then a failed fetch: a broken or empty value neither replaces a
	// good one nor is it kept. Its error must not quote the value. Nil takes everything.
	Validate func(value []byte) error
	Now      func() time.Time // nil is the real clock
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		option   *time.Duration
		standard time.Duration
	}{
		{&o.Soft, 10 * time.Minute}, {&o.Hard, 6 * time.Hour},
		{&o.Cooldown, 30 * time.Second}, {&o.Backoff, time.Second}, {&o.Patience, time.Second},
	} {
		if *d.option == 0 {
			*d.option = d.standard
		}
	}
	if o.Validate == nil {
		o.Validate = func([]byte) error { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Source keeps an origin's last good value. It fetches on its callers' path, because a Lambda function stands still
// between calls, and once at a time however many callers there are.
type Source struct {
	origin  Origin
	options Options
	good    atomic.Pointer[value]

	mu   sync.Mutex
	last *attempt // in flight or done; nil before the first
}

// value is a good value; it does not change once stored.
type value struct {
	bytes     []byte
	fetchedAt time.Time
	soft      time.Duration // with its jitter: functions that started together do not fetch together
}

// attempt is one try to fetch; err and endedAt may be read once done is closed.
type attempt struct {
	done    chan struct{}
	err     error
	endedAt time.Time
}

// New returns a cache over the origin; nothing is fetched before the first call.
func New(o Origin, options Options) *Source {
	return &Source{origin: o, options: options.withDefaults()}
}

// Get returns the value, which callers must not change. Past the soft age one caller fetches it anew; the others,
// and all while the origin fails, get the old one up to the hard age.
func (s *Source) Get(ctx context.Context) ([]byte, error) {
	now := s.now()
	good := s.good.Load()
	if good.fresh(now) {
		return good.bytes, nil
	}
	try, mine := s.attempt(ctx)
	if good.usable(now, s.options.Hard) {
		if !mine {
			return good.bytes, nil
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.options.Patience)
		defer cancel()
	}
	err := try.wait(ctx)
	if good = s.good.Load(); err == nil || good.usable(now, s.options.Hard) {
		return good.bytes, nil
	}
	return nil, err
}

// Refresh returns the value as the origin holds it now. Within the cool-down it returns the last fetch's outcome
// again, errors too, so that nobody takes an old value for the newest.
func (s *Source) Refresh(ctx context.Context) ([]byte, error) {
	try, _ := s.attempt(ctx)
	if err := try.wait(ctx); err != nil {
		return nil, err
	}
	return s.good.Load().bytes, nil
}

// attempt returns the last attempt while it is in flight or too recent to be followed by another, else it starts
// one. Attempts go on when their first caller gives up: others wait for the same.
func (s *Source) attempt(ctx context.Context) (try *attempt, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && (s.last.inFlight() || s.last.recent(s.now(), s.pause())) {
		return s.last, false
	}
	s.last = &attempt{done: make(chan struct{})}
	go s.fetch(context.WithoutCancel(ctx), s.last)
	return s.last, true
}

func (s *Source) pause() time.Duration {
	if s.good.Load().usable(s.now(), s.options.Hard) {
		return s.options.Cooldown
	}
	return s.options.Backoff
}

func (s *Source) fetch(ctx context.Context, try *attempt) {
	defer close(try.done)
	bytes, err := s.origin.Get(ctx)
	if err == nil {
		err = s.options.Validate(bytes)
	}
	try.endedAt = s.now()
	if err != nil {
		try.err = fmt.Errorf("fetch: %w", err)
		return
	}
	early := time.Duration(rand.Float64() * float64(s.options.Soft) / 5)
	s.good.Store(&value{bytes: bytes, fetchedAt: try.endedAt, soft: s.options.Soft - early})
}

// now drops the monotonic clock, which may stand still while a Lambda function does: ages are of the wall's time.
func (s *Source) now() time.Time {
	return s.options.Now().Round(0)
}

func (t *attempt) inFlight() bool {
	select {
	case <-t.done:
		return false
	default:
		return true
	}
}

func (t *attempt) recent(now time.Time, pause time.Duration) bool {
	return within(now.Sub(t.endedAt), pause)
}

func (t *attempt) wait(ctx context.Context) error {
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		return fmt.Errorf("wait for the fetch: %w", ctx.Err())
	}
}

// fresh and usable differ where the clock was set back: such a value is fetched anew at once, but not thrown away.
func (v *value) fresh(now time.Time) bool {
	return v != nil && within(now.Sub(v.fetchedAt), v.soft)
}

func (v *value) usable(now time.Time, hard time.Duration) bool {
	return v != nil && now.Sub(v.fetchedAt) < hard
}

func within(age, limit time.Duration) bool {
	return age >= 0 && age < limit
}
