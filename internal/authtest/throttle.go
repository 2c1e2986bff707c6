package authtest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/internal/auth"
)

// RunThrottle checks sign-ins over a store against the promises of the limits: parallel guesses, and a number of rounds
// against a plain model. open returns a new, empty store each time it is called.
func RunThrottle(t *testing.T, rounds int, open func(t *testing.T) Store) {
	t.Run("fifty guesses at once", func(t *testing.T) { guessAtOnce(t, newThrottleKit(t, open)) })
	t.Run("model", func(t *testing.T) { throttleModelled(t, newThrottleKit(t, open), rounds) })
}

func newThrottleKit(t *testing.T, open func(t *testing.T) Store) *Kit {
	k := NewKitOver(t, open(t), Ada())
	k.followClock()
	return k
}

// followClock sets the kit's clock to the real time: a store may delete expired items by its own clock.
func (k *Kit) followClock() { k.Clock.Advance(time.Since(Start()).Truncate(time.Millisecond)) }

// try is one attempt to sign in, as a named user from a source.
type try struct {
	user, source string
	right        bool
}

func (k *Kit) login(t interface{ Fatalf(string, ...any) }, limits auth.Limits, a try) error {
	id, err := auth.ParseIdentifier(a.user + "@example.com")
	if err != nil {
		t.Fatalf("%s: %v", a.user, err)
	}
	attempt := auth.Attempt{Identifier: id, Source: auth.ParseSource(a.source), Password: "wrong"}
	if a.right {
		attempt.Password = Password
	}
	_, err = k.Service(auth.Rules{Limits: limits}).Login(k.ctx, attempt, auth.Terms{Contract: "test", AccessLife: time.Hour})
	return err
}

// concurrently makes all attempts at the same time and returns how each ended.
func (k *Kit) concurrently(t interface{ Fatalf(string, ...any) }, limits auth.Limits, all []try) []error {
	errs := make([]error, len(all))
	var start, done sync.WaitGroup
	start.Add(1)
	for i, a := range all {
		done.Go(func() {
			start.Wait()
			errs[i] = k.login(t, limits, a)
		})
	}
	start.Done()
	done.Wait()
	return errs
}

// verified returns how many passwords were verified since the last Calls.
func (k *Kit) verified() (n int) {
	for _, call := range k.Calls() {
		if call == "Verify" {
			n++
		}
	}
	return n
}

// guessAtOnce: of fifty guesses the free ones are verified, and one after each wait; so for unknown users too.
func guessAtOnce(t *testing.T, k *Kit) {
	limits := auth.Limits{Free: 5, MaxBackoff: 15 * time.Minute}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 5}, {999 * time.Millisecond, 0}, {time.Millisecond, 1}, {2 * time.Second, 1}, {24 * time.Hour, 5}} {
		k.Clock.Advance(step.after)
		for _, name := range []string{"ada", "nobody"} {
			k.Calls()
			fifty := make([]try, 50)
			for i := range fifty {
				fifty[i] = try{user: name, source: "192.0.2.7"}
			}
			wrong := 0
			for _, err := range k.concurrently(t, limits, fifty) {
				if errors.Is(err, auth.ErrBadCredentials) {
					wrong++
				} else if !errors.Is(err, auth.ErrThrottled) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if got := k.verified(); got != step.want || wrong != step.want {
				t.Errorf("%v later %d guesses of %s were verified, and %d called wrong, want %d", step.after, got, name, wrong, step.want)
			}
		}
	}
}

func throttleModelled(t *testing.T, k *Kit, rounds int) {
	round := 0
	rapid.Check(t, capChecks(rounds, func(r *rapid.T) {
		round++
		m := newThrottleModel(k, round)
		k.Clock.Advance(m.limits.Source.Span) // ends the window of the unknown source, which all rounds share
		k.Add(t, NewUser(m.user("ada")), NewUser(m.user("grace")))
		k.Calls()
		r.Repeat(map[string]func(*rapid.T){
			"sign in":         m.signIn,
			"guess at once":   m.guessAtOnce,
			"sign in at once": m.signInAtOnce,
			"time passes":     m.timePasses,
			"unlock":          m.unlock,
			"forget sources":  m.forgetSources,
		})
	}))
}

// capChecks limits how many times rapid runs a property; shrinking is not limited.
func capChecks(rounds int, property func(*rapid.T)) func(*rapid.T) {
	begun, failed := 0, false
	return func(r *rapid.T) {
		if begun++; begun > rounds && !failed {
			return
		}
		ended := false
		defer func() { failed = failed || !ended || r.Failed() }()
		property(r)
		ended = true
	}
}

func sourcesOf(round int) []string {
	return []string{
		fmt.Sprintf("10.0.%d.%d", round/250, round%250), fmt.Sprintf("2001:db8:%x:1::7", round), fmt.Sprintf("2001:db8:%x:2::7", round), "",
	}
}
