// Package cached keeps the last good value of a source that may be slow or fail. It is not part of package secret because
// programs that do not link the AWS SDK use it for public keys. It does not know what the bytes mean.
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
	// Get returns the value. It bounds its own time, and ends earlier if ctx does.
	Get(ctx context.Context) ([]byte, error)
}

// Config has the times of a cache. A time that is zero has the default in its comment.
type Config struct {
	Soft     time.Duration // 10 min: a value is fetched again at this age or up to a fifth earlier, at random
	Hard     time.Duration // 6 h: a value is used no longer than this, whatever the origin does
	Cooldown time.Duration // 30 s or Soft: with a value, at most one fetch in this time; never longer than Soft
	Backoff  time.Duration // 1 s: without a value, at most one fetch in this time after a failure
	Patience time.Duration // 1 s: the time that a caller waits for a newer value while the old one is usable

	// Validate may refuse a fetched value, which is then a failed fetch: a broken or empty value does not replace a good
	// one. Its error must not quote the value. Nil accepts everything.
	Validate func(value []byte) error
	Now      func() time.Time // nil is the real clock
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		option   *time.Duration
		standard time.Duration
	}{
		{&c.Soft, 10 * time.Minute}, {&c.Hard, 6 * time.Hour},
		{&c.Cooldown, 30 * time.Second}, {&c.Backoff, time.Second}, {&c.Patience, time.Second},
	} {
		if *d.option == 0 {
			*d.option = d.standard
		}
	}
	c.Cooldown = min(c.Cooldown, c.Soft) // or values would be used beyond the age at which they are fetched again
	if c.Validate == nil {
		c.Validate = func([]byte) error { return nil }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Source keeps an origin's last good value. It fetches during a caller's request, because a Lambda function is frozen between
// requests, and only one fetch runs at a time.
type Source struct {
	origin Origin
	config Config
	good   atomic.Pointer[value]

	mu   sync.Mutex
	last *attempt // running or done; nil before the first
}

// value is a good value; it does not change once stored.
type value struct {
	bytes     []byte
	fetchedAt time.Time
	soft      time.Duration // with jitter, so that functions which started together do not fetch together
}

// attempt is one fetch; err and endedAt may be read once done is closed.
type attempt struct {
	done    chan struct{}
	err     error
	endedAt time.Time
}

// New returns a cache over the origin; nothing is fetched before the first call.
func New(o Origin, config Config) *Source {
	return &Source{origin: o, config: config.withDefaults()}
}

// Get returns the value, which callers must not change. After the soft age one caller fetches it again; the others get the
// old one, and so do all callers while the origin fails, up to the hard age.
func (s *Source) Get(ctx context.Context) ([]byte, error) {
	now := s.now()
	good := s.good.Load()
	if good.fresh(now) {
		return good.bytes, nil
	}
	try, mine := s.attempt(ctx)
	if good.usable(now, s.config.Hard) {
		if !mine {
			return good.bytes, nil
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.config.Patience)
		defer cancel()
	}
	err := try.wait(ctx)
	if good = s.good.Load(); err == nil || good.usable(now, s.config.Hard) {
		return good.bytes, nil
	}
	return nil, err
}

// Refresh returns the value that the origin holds now. Within the cool-down it returns the result of the last fetch, also
// an error, so that no caller takes an old value for the newest.
func (s *Source) Refresh(ctx context.Context) ([]byte, error) {
	try, _ := s.attempt(ctx)
	if err := try.wait(ctx); err != nil {
		return nil, err
	}
	return s.good.Load().bytes, nil
}

// attempt returns the last attempt while it is running or too recent for another one, else it starts one. An attempt goes on
// when the caller that started it gives up, because others may wait for it.
func (s *Source) attempt(ctx context.Context) (try *attempt, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && (s.last.running() || s.last.recent(s.now(), s.pause())) {
		return s.last, false
	}
	s.last = &attempt{done: make(chan struct{})}
	go s.fetch(context.WithoutCancel(ctx), s.last)
	return s.last, true
}

func (s *Source) pause() time.Duration {
	if s.good.Load().usable(s.now(), s.config.Hard) {
		return s.config.Cooldown
	}
	return s.config.Backoff
}

func (s *Source) fetch(ctx context.Context, try *attempt) {
	defer close(try.done)
	bytes, err := s.origin.Get(ctx)
	if err == nil {
		err = s.config.Validate(bytes)
	}
	try.endedAt = s.now()
	if err != nil {
		try.err = fmt.Errorf("fetch: %w", err)
		return
	}
	early := time.Duration(rand.Float64() * float64(s.config.Soft) / 5)
	s.good.Store(&value{bytes: bytes, fetchedAt: try.endedAt, soft: s.config.Soft - early})
}

// now drops the monotonic clock, which may stop while a Lambda function is frozen: ages are measured by the wall clock.
func (s *Source) now() time.Time {
	return s.config.Now().Round(0)
}

func (t *attempt) running() bool {
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

// fresh reports whether the value need not be fetched again. After the clock was set back it must, but it stays usable.
func (v *value) fresh(now time.Time) bool {
	return v != nil && within(now.Sub(v.fetchedAt), v.soft)
}

func (v *value) usable(now time.Time, hard time.Duration) bool {
	return v != nil && now.Sub(v.fetchedAt) < hard
}

func within(age, limit time.Duration) bool {
	return age >= 0 && age < limit
}
