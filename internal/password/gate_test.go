package password_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/internal/password"
)

// setProcessors gives gates made after it shares of a known size.
func setProcessors(t *testing.T, n int) {
	t.Helper()
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// occupy takes a turn and returns what ends it; it must be called inside synctest.
func occupy(t *testing.T, gate *password.Gate, memory uint32) (leave func()) {
	t.Helper()
	used := make(chan struct{})
	go func() {
		if err := gate.Run(t.Context(), memory, func() { <-used }); err != nil {
			t.Error(err)
		}
	}()
	synctest.Wait()
	return func() { close(used); synctest.Wait() }
}

func TestGateBoundsMemoryAndProcessors(t *testing.T) {
	const limit, processors, turns = 1000, 4, 400
	setProcessors(t, processors)
	gate := password.NewGate(limit)
	var memory, running, done atomic.Int64
	var all sync.WaitGroup
	for range turns {
		weight := 1 + rand.Uint32N(limit*3/2) // some need more than there is, and still get their turn
		all.Go(func() {
			err := gate.Run(t.Context(), weight, func() {
				counted := min(int64(weight), limit)
				if now := memory.Add(counted); now > limit {
					t.Errorf("%d KiB in use, the limit is %d", now, limit)
				}
				if now := running.Add(1); now > processors {
					t.Errorf("%d hashes run on %d processors", now, processors)
				}
				runtime.Gosched()
				memory.Add(-counted)
				running.Add(-1)
				done.Add(1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if done.Load() != turns {
		t.Errorf("%d of %d got their turn", done.Load(), turns)
	}
}

func TestHashingWaitsForItsOwnMemory(t *testing.T) {
	const limit = 1024
	setProcessors(t, 4) // a share is 256, but a slot 300
	hasher := password.New(password.Params{Memory: 300, Time: 1, Threads: 1}, limit)
	verify := func(stored string) func(context.Context) error {
		return func(ctx context.Context) error { _, _, err := hasher.Verify(ctx, stored, "a"); return err }
	}
	for _, test := range []struct {
		name   string
		weight uint32
		run    func(context.Context) error
	}{
		{"stored hash", 640, verify(newHash(t, "argon2id:m=640,t=1,p=1", "a"))},
		{"decoy", 300, verify("")},
		{"less than a slot", 300, verify(newHash(t, "argon2id:m=8,t=1,p=1", "a"))},
		{"bcrypt", 300, verify(bcryptOfPassword)},
		{"scrypt", 515, verify(swap(scryptPHC, "ln=4", "ln=9"))}, // 512 for the table, and 3
		{"Firebase", 515, verify(swap(firebase, "n=4", "n=9"))},
		{"PBKDF2", 300, verify(pbkdf2PHC)},
		{"more than there is", limit, verify(newHash(t, "argon2id:m=2000,t=1,p=1", "a"))},
		{"new hash", 300, func(ctx context.Context) error { _, err := hasher.Hash(ctx, "a"); return err }},
	} {
		for free, want := range map[uint32]error{test.weight: nil, test.weight - 1: context.DeadlineExceeded} {
			synctest.Test(t, func(t *testing.T) {
				if free < limit {
					defer occupy(t, hasher.Gate(), limit-free)()
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := test.run(ctx); !errors.Is(err, want) {
					t.Errorf("%s, %d KiB free: %v, want %v", test.name, free, err, want)
				}
			})
		}
	}
}

func TestATurnLastsAsLongAsTheHash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := password.NewGate(100)
		leave := occupy(t, gate, 1)
		if gate.Idle() {
			t.Error("the turn is over while it is used")
		}
		leave()
		if !gate.Idle() {
			t.Error("the turn is not over after it was used")
		}
	})
}

func TestWaitersGoOnWhenAnotherGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasher := password.New(cheap, 100)
		leave := occupy(t, hasher.Gate(), 100)
		impatient, cancel := context.WithCancel(t.Context())
		var gaveUp, served error
		go func() { _, gaveUp = hasher.Hash(impatient, "a") }()
		synctest.Wait()
		go func() { _, served = hasher.Hash(t.Context(), "a"); cancel() }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		leave()
		synctest.Wait()
		if !errors.Is(gaveUp, context.Canceled) || served != nil {
			t.Errorf("gave up: %v, served: %v; want canceled, nil", gaveUp, served)
		}
	})
}

func TestAnEndedContextHashesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hasher := password.New(cheap, 0)
	if match, _, err := hasher.Verify(ctx, newHash(t, cheap.String(), "a"), "a"); match || !errors.Is(err, context.Canceled) {
		t.Errorf("Verify: %v, %v; want no match and context.Canceled", match, err)
	}
	if made, err := hasher.Hash(ctx, "a"); made != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("Hash: %q, %v; want nothing and context.Canceled", made, err)
	}
}

func TestParallelVerdictsAreRight(t *testing.T) {
	hasher := password.New(cheap, 64) // room for few, so that most wait
	right, large := newHash(t, cheap.String(), "password"), newHash(t, "argon2id:m=128,t=1,p=2", "password")
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			stored := []string{right, large, bcryptOfPassword, "", "broken"}[i%5]
			typed := []string{"password", "wrong"}[i%2]
			want := i%5 < 3 && i%2 == 0
			if match, _, err := hasher.Verify(t.Context(), stored, typed); match != want || err != nil {
				t.Errorf("%q for %q: %v, %v; want %v", typed, stored, match, err, want)
			}
		})
	}
	all.Wait()
}

// TestOverload promises that of twice as many callers as there are turns for, all the time, about half are served: those
// who waited longest must not all come to their turn just too late.
func TestOverload(t *testing.T) {
	setProcessors(t, 1)
	synctest.Test(t, func(t *testing.T) {
		const turn, patience, lasts = 100 * time.Millisecond, 10 * time.Second, time.Minute
		gate := password.NewGate(100)
		var served atomic.Int64
		var all sync.WaitGroup
		for range 2 * lasts / turn {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				err := gate.Run(ctx, 1, func() { time.Sleep(turn) })
				time.Sleep(turn) // what a sign-in does after it
				if err == nil && ctx.Err() == nil {
					served.Add(1)
				}
			})
			time.Sleep(turn / 2)
		}
		all.Wait()
		if most := int64(lasts / turn); served.Load() < most*9/10 {
			t.Errorf("%d turns were in time, of %d that there was time for", served.Load(), most)
		}
	})
}

// TestWhoCannotBeServedInTimeIsSentAwayAtOnce promises that nobody waits for a turn that cannot come in time, and that
// everybody is let in again when the crowd is gone.
func TestWhoCannotBeServedInTimeIsSentAwayAtOnce(t *testing.T) {
	setProcessors(t, 2)
	synctest.Test(t, func(t *testing.T) {
		// Two at a time in 750 ms are 16.
		const turn, deadline, patience = 100 * time.Millisecond, time.Second, 750 * time.Millisecond
		gate := password.NewGate(100)
		run := func() (took time.Duration, err error) {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			began := time.Now()
			err = gate.Run(ctx, 1, func() { time.Sleep(turn) })
			return time.Since(began), err
		}
		for range 64 { // now it knows how long a turn takes
			if _, err := run(); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			var served, inVain, atOnce atomic.Int64
			var all sync.WaitGroup
			for range 200 {
				all.Go(func() {
					switch took, err := run(); {
					case err == nil:
						served.Add(1)
					case took == 0:
						atOnce.Add(1)
					case took == patience:
						inVain.Add(1)
					default:
						t.Errorf("%v after %v", err, took)
					}
				})
			}
			all.Wait()
			if got := [...]int64{served.Load(), inVain.Load(), atOnce.Load()}; got != [...]int64{16, 0, 184} {
				t.Errorf("served, waited in vain, sent away: %v, want 16, 0, 184", got)
			}
		}
	})
}
