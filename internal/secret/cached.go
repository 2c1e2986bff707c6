package secret

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// CacheOptions are the times of a cache. What is zero has the default that is named beside it.
type CacheOptions struct {
	Soft     time.Duration // 10 min: a value is fetched anew at this age or up to a fifth earlier, at random
	Hard     time.Duration // 6 h: a value is used no longer than this, whatever the source does
	Cooldown time.Duration // 30 s: while there is a value, at most one fetch in this time
	Backoff  time.Duration // 1 s: while there is none, at most one fetch in this time after one that failed
	Patience time.Duration // 1 s: so long a caller waits for a newer value while the old one is good

	// Validate may refuse a fetched value, which is then a failed fetch: a broken or empty value neither replaces a
	// good one nor is it kept. Its error must not quote the value. Nil takes everything.
	Validate func(value []byte) error
	Now      func() time.Time // nil is the real clock
}

func (o CacheOptions) withDefaults() CacheOptions {
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

// Cached keeps a source's last good value. It fetches on its callers' path, because a Lambda function stands still
// between calls, and once at a time however many callers there are.
type Cached struct {
	source  Source
	options CacheOptions
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

// NewCached returns a cache over the source; nothing is fetched before the first call.
func NewCached(s Source, o CacheOptions) *Cached {
	return &Cached{source: s, options: o.withDefaults()}
}

// Get returns the value, which callers must not change. Past the soft age one caller fetches it anew; the others,
// and all while the source fails, get the old one up to the hard age.
func (c *Cached) Get(ctx context.Context) ([]byte, error) {
	now := c.now()
	good := c.good.Load()
	if good.fresh(now) {
		return good.bytes, nil
	}
	try, mine := c.attempt(ctx)
	if good.usable(now, c.options.Hard) {
		if !mine {
			return good.bytes, nil
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.options.Patience)
		defer cancel()
	}
	err := try.wait(ctx)
	if good = c.good.Load(); err == nil || good.usable(now, c.options.Hard) {
		return good.bytes, nil
	}
	return nil, err
}

// Refresh returns the value as the source holds it now. Within the cool-down it returns the last fetch's outcome
// again, errors too, so that nobody takes an old value for the newest.
func (c *Cached) Refresh(ctx context.Context) ([]byte, error) {
	try, _ := c.attempt(ctx)
	if err := try.wait(ctx); err != nil {
		return nil, err
	}
	return c.good.Load().bytes, nil
}

// attempt returns the last attempt while it is in flight or too recent to be followed by another, else it starts
// one. Attempts go on when their first caller gives up: others wait for the same.
func (c *Cached) attempt(ctx context.Context) (try *attempt, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && (c.last.inFlight() || c.last.recent(c.now(), c.pause())) {
		return c.last, false
	}
	c.last = &attempt{done: make(chan struct{})}
	go c.fetch(context.WithoutCancel(ctx), c.last)
	return c.last, true
}

func (c *Cached) pause() time.Duration {
	if c.good.Load().usable(c.now(), c.options.Hard) {
		return c.options.Cooldown
	}
	return c.options.Backoff
}

func (c *Cached) fetch(ctx context.Context, try *attempt) {
	defer close(try.done)
	bytes, err := c.source.Get(ctx)
	if err == nil {
		err = c.options.Validate(bytes)
	}
	try.endedAt = c.now()
	if err != nil {
		try.err = fmt.Errorf("fetch the secret: %w", err)
		return
	}
	early := time.Duration(rand.Float64() * float64(c.options.Soft) / 5)
	c.good.Store(&value{bytes: bytes, fetchedAt: try.endedAt, soft: c.options.Soft - early})
}

// now drops the monotonic clock, which may stand still while a Lambda function does: ages are of the wall's time.
func (c *Cached) now() time.Time {
	return c.options.Now().Round(0)
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
		return fmt.Errorf("wait for the secret: %w", ctx.Err())
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
