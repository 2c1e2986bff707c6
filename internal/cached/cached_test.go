package cached_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"latchkey/internal/cached"
)

var errDown = errors.New("source is down")

// fakeSource answers with its count of calls, or fails, after a delay of the (fake) clock.
type fakeSource struct {
	mu    sync.Mutex
	calls int
	err   error
	delay time.Duration
}

func (s *fakeSource) Get(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	s.calls++
	calls, err, delay := s.calls, s.err, s.delay
	s.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "value %d", calls), nil
}

func (s *fakeSource) set(err error, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.delay = err, delay
}

func (s *fakeSource) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// bubble runs the test with a clock that moves only when everything waits.
func bubble(t *testing.T, o cached.Config, test func(t *testing.T, s *fakeSource, c *cached.Source)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSource{}
		test(t, s, cached.New(s, o))
	})
}

func wantValue(t *testing.T, get func(context.Context) ([]byte, error), want string) {
	t.Helper()
	if got, err := get(t.Context()); err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func wantDown(t *testing.T, get func(context.Context) ([]byte, error)) {
	t.Helper()
	if got, err := get(t.Context()); !errors.Is(err, errDown) || got != nil {
		t.Errorf("got %q, %v; want the source's error", got, err)
	}
}

func wantCalls(t *testing.T, s *fakeSource, want int) {
	t.Helper()
	if got := s.count(); got != want {
		t.Errorf("%d calls, want %d", got, want)
	}
}

// stampede calls get from many goroutines at once and returns when all have their answer.
func stampede(get func()) {
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(get)
	}
	wg.Wait()
}

// TestStampede promises one call for all callers while there is no value, and no call for later ones.
func TestStampede(t *testing.T) {
	bubble(t, cached.Config{}, func(t *testing.T, s *fakeSource, c *cached.Source) {
		s.set(nil, time.Second/2)
		stampede(func() { wantValue(t, c.Get, "value 1") })
		wantValue(t, c.Get, "value 1")
		wantCalls(t, s, 1)
	})
}

// TestSoft promises a new fetch at the soft age, and none before four fifths of it.
func TestSoft(t *testing.T) {
	bubble(t, cached.Config{Soft: 10 * time.Minute}, func(t *testing.T, s *fakeSource, c *cached.Source) {
		wantValue(t, c.Get, "value 1")
		time.Sleep(8*time.Minute - time.Nanosecond)
		wantValue(t, c.Get, "value 1")
		time.Sleep(2*time.Minute + time.Nanosecond)
		wantValue(t, c.Get, "value 2")
		wantCalls(t, s, 2)
	})
}

// TestJitter promises that functions which started together do not fetch together.
func TestJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		early, s := 0, &fakeSource{}
		for range 200 {
			c := cached.New(s, cached.Config{Soft: 10 * time.Minute})
			wantValue(t, c.Get, fmt.Sprintf("value %d", s.count()+1))
			before := s.count()
			time.Sleep(9 * time.Minute)
			if _, err := c.Get(t.Context()); err != nil {
				t.Fatal(err)
			}
			early += s.count() - before
		}
		if early < 50 || early > 150 {
			t.Errorf("%d of 200 fetched in the first half of the jitter, want about a half", early)
		}
	})
}

// TestSourceDown promises the last good value up to the hard age, one try in each cool-down, and an error after it.
func TestSourceDown(t *testing.T) {
	o := cached.Config{Soft: 10 * time.Minute, Hard: time.Hour, Cooldown: 30 * time.Second}
	bubble(t, o, func(t *testing.T, s *fakeSource, c *cached.Source) {
		wantValue(t, c.Get, "value 1")
		s.set(errDown, 0)
		time.Sleep(10 * time.Minute)
		for range 49 {
			wantValue(t, c.Get, "value 1")
			time.Sleep(time.Minute)
		}
		wantCalls(t, s, 50)
		for range 30 {
			wantValue(t, c.Get, "value 1")
			time.Sleep(time.Second)
		}
		wantCalls(t, s, 51)
		time.Sleep(time.Minute)
		wantDown(t, c.Get)
		s.set(nil, 0)
		time.Sleep(time.Second)
		wantValue(t, c.Get, "value 53")
	})
}

// TestSlowRefresh promises that past the soft age one caller waits a second at most, the others not at all, and
// that the answer is used when it comes.
func TestSlowRefresh(t *testing.T) {
	bubble(t, cached.Config{Soft: 10 * time.Minute}, func(t *testing.T, s *fakeSource, c *cached.Source) {
		wantValue(t, c.Get, "value 1")
		s.set(nil, 5*time.Second)
		time.Sleep(10 * time.Minute)
		var mu sync.Mutex
		var waited []time.Duration
		stampede(func() {
			start := time.Now()
			wantValue(t, c.Get, "value 1")
			if d := time.Since(start); d > 0 {
				mu.Lock()
				waited = append(waited, d)
				mu.Unlock()
			}
		})
		if len(waited) != 1 || waited[0] != time.Second {
			t.Errorf("waited %v, want one caller to wait a second", waited)
		}
		time.Sleep(5 * time.Second)
		wantValue(t, c.Get, "value 2")
		wantCalls(t, s, 2)
	})
}

// TestFirstFetchFails promises that a flood does not hammer a source that is down, and that its return is seen soon.
func TestFirstFetchFails(t *testing.T) {
	bubble(t, cached.Config{}, func(t *testing.T, s *fakeSource, c *cached.Source) {
		s.set(errDown, 0)
		for range 30 { // three seconds
			stampede(func() { wantDown(t, c.Get) })
			time.Sleep(time.Second / 10)
		}
		wantCalls(t, s, 3)
		s.set(nil, 0)
		wantValue(t, c.Get, "value 4")
	})
}

// TestRefresh promises the newest value at once, at the price of one fetch in each cool-down however often it is asked.
func TestRefresh(t *testing.T) {
	bubble(t, cached.Config{Cooldown: 30 * time.Second}, func(t *testing.T, s *fakeSource, c *cached.Source) {
		wantValue(t, c.Get, "value 1")
		wantValue(t, c.Refresh, "value 1")
		time.Sleep(30 * time.Second)
		s.set(nil, time.Second)
		stampede(func() { wantValue(t, c.Refresh, "value 2") })
		wantValue(t, c.Get, "value 2")
		for range 290 { // 29 s
			wantValue(t, c.Refresh, "value 2")
			time.Sleep(time.Second / 10)
		}
		wantCalls(t, s, 2)
		time.Sleep(time.Second)
		wantValue(t, c.Refresh, "value 3")
	})
}

// TestRefreshFails promises the error for as long as it is not known what the source holds, while Get goes on.
func TestRefreshFails(t *testing.T) {
	bubble(t, cached.Config{Cooldown: 30 * time.Second}, func(t *testing.T, s *fakeSource, c *cached.Source) {
		wantValue(t, c.Refresh, "value 1")
		time.Sleep(30 * time.Second)
		s.set(errDown, 0)
		wantDown(t, c.Refresh)
		s.set(nil, 0)
		wantDown(t, c.Refresh)
		wantValue(t, c.Get, "value 1")
		wantCalls(t, s, 2)
		time.Sleep(30 * time.Second)
		wantValue(t, c.Refresh, "value 3")
	})
}

// TestContext promises that a caller waits no longer than its context, and that its end costs the others nothing.
func TestContext(t *testing.T) {
	for name, get := range map[string]func(*cached.Source) func(context.Context) ([]byte, error){
		"Get":     func(c *cached.Source) func(context.Context) ([]byte, error) { return c.Get },
		"Refresh": func(c *cached.Source) func(context.Context) ([]byte, error) { return c.Refresh },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, cached.Config{}, func(t *testing.T, s *fakeSource, c *cached.Source) {
				s.set(nil, 2*time.Second)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				if _, err := get(c)(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
					t.Errorf("%v after %v, want the deadline's error after 1 s", err, time.Since(start))
				}
				wantValue(t, get(c), "value 1")
				wantCalls(t, s, 1)
			})
		})
	}
}

// TestValidate promises that a refused value is neither kept nor replaces a good one: after `keys init` the ring is
// found within a second, and a broken ring does not sign anyone out.
func TestValidate(t *testing.T) {
	refuse := map[string]bool{"value 1": true, "value 3": true}
	o := cached.Config{Soft: 10 * time.Minute, Validate: func(value []byte) error {
		if refuse[string(value)] {
			return errDown
		}
		return nil
	}}
	bubble(t, o, func(t *testing.T, s *fakeSource, c *cached.Source) {
		wantDown(t, c.Get)
		time.Sleep(time.Second)
		wantValue(t, c.Get, "value 2")
		time.Sleep(10 * time.Minute)
		wantValue(t, c.Get, "value 2")
		wantDown(t, c.Refresh)
		time.Sleep(10 * time.Minute)
		wantValue(t, c.Get, "value 4")
	})
}

// TestAnyHistory promises, whatever the clock, the source and the callers do: a value that is younger than the hard
// age is never missed and an older one never returned; and fetches keep their distance.
func TestAnyHistory(t *testing.T) {
	const soft, hard, cooldown, backoff = 600, 3600, 30, 1
	rapid.Check(t, func(rt *rapid.T) {
		clock := time.Unix(1e9, 0)
		s := &fakeSource{}
		c := cached.New(s, cached.Config{
			Soft: soft * time.Second, Hard: hard * time.Second, Cooldown: cooldown * time.Second, Backoff: backoff * time.Second,
			Now: func() time.Time { return clock },
		})
		var good string
		var goodAt, triedAt time.Time
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			clock = clock.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 29, 30, 60, 480, 600, 3599, 3600}).Draw(rt, "seconds")) * time.Second)
			var down error
			if rapid.Bool().Draw(rt, "down") {
				down = errDown
			}
			s.set(down, 0)
			usable, before := clock.Sub(goodAt) < hard*time.Second, s.count()
			refresh := rapid.Bool().Draw(rt, "refresh")
			call := c.Get
			if refresh {
				call = c.Refresh
			}
			got, err := call(rt.Context())
			if fetched := s.count() - before; fetched > 0 {
				pause := backoff * time.Second
				if usable {
					pause = cooldown * time.Second
				}
				if fetched > 1 || clock.Sub(triedAt) < pause {
					rt.Fatalf("%d fetches %v after the last, usable %v", fetched, clock.Sub(triedAt), usable)
				}
				if triedAt = clock; down == nil {
					good, goodAt, usable = fmt.Sprintf("value %d", s.count()), clock, true
				}
			}
			if err == nil && (string(got) != good || !usable) || err != nil && usable && !refresh {
				rt.Fatalf("got %q, %v; the good value is %q, usable %v", got, err, good, usable)
			}
		}
	})
}

// TestClockSetBack promises that a wrong clock, corrected, neither keeps an old value nor throws away a good one.
func TestClockSetBack(t *testing.T) {
	clock := time.Unix(1e9, 0)
	s := &fakeSource{}
	c := cached.New(s, cached.Config{Now: func() time.Time { return clock }})
	wantValue(t, c.Get, "value 1")
	clock = clock.Add(-24 * time.Hour)
	s.set(errDown, 0)
	wantValue(t, c.Get, "value 1")
	s.set(nil, 0)
	clock = clock.Add(time.Minute)
	wantValue(t, c.Get, "value 3")
}

// TestConcurrentUse is for the race detector: all calls at once, over a source that comes and goes.
func TestConcurrentUse(t *testing.T) {
	s := &fakeSource{}
	c := cached.New(s, cached.Config{
		Soft: time.Microsecond, Hard: time.Millisecond, Cooldown: time.Nanosecond, Backoff: time.Nanosecond,
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if rand.N(2) == 0 {
					s.set(errDown, 0)
				} else {
					s.set(nil, 0)
				}
				for _, get := range []func(context.Context) ([]byte, error){c.Get, c.Refresh} {
					if got, err := get(t.Context()); (err == nil) != (len(got) > 0) {
						t.Errorf("got %q, %v", got, err)
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestShortSoft promises that the cool-down never keeps a value beyond its soft age, whatever the options say: a revoked
// key must not stay in use for the default cool-down of 30 s.
func TestShortSoft(t *testing.T) {
	for _, o := range []cached.Config{{Soft: 10 * time.Second}, {Soft: 10 * time.Second, Cooldown: time.Minute}} {
		bubble(t, o, func(t *testing.T, s *fakeSource, c *cached.Source) {
			for n := range 4 {
				wantValue(t, c.Get, fmt.Sprintf("value %d", n+1))
				time.Sleep(10 * time.Second)
			}
		})
	}
}
