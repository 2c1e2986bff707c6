package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// limited returns rules with the default limits.
func limited() auth.Rules {
	r := rules()
	r.Limits = auth.Limits{
		Free: 5, MaxBackoff: 15 * time.Minute, Known: 30 * day,
		Source: auth.Rate{Failures: 100, Span: 15 * time.Minute}, User: auth.Rate{Failures: 50, Span: time.Hour},
	}
	return r
}

const (
	in    = "in"
	wrong = "wrong"
)

// guesser signs in as one user from one source, and returns in a word how it ended.
type guesser struct {
	k       *authtest.Kit
	rules   auth.Rules
	attempt auth.Attempt
	terms   auth.Terms
}

func newGuesser(k *authtest.Kit, name, source string) guesser {
	return guesser{k, limited(), auth.Attempt{
		Identifier: authtest.Identifier(name + "@example.com"), Source: auth.ParseSource(source),
	}, profileTerms()}
}

func (g guesser) from(source string) guesser {
	g.attempt.Source = auth.ParseSource(source)
	return g
}

func (g guesser) sends(t *testing.T, password string) string {
	t.Helper()
	g.attempt.Password = password
	_, err := g.k.Service(g.rules).Login(t.Context(), g.attempt, g.terms)
	var throttled *auth.ThrottledError
	switch {
	case err == nil:
		return in
	case errors.As(err, &throttled) && errors.Is(err, auth.ErrThrottled):
		return waits(throttled.RetryAfter())
	case errors.Is(err, auth.ErrBadCredentials):
		return wrong
	}
	return err.Error()
}

func waits(d time.Duration) string { return fmt.Sprintf("waits %v", d) }

func (g guesser) wants(t *testing.T, password, want string) {
	t.Helper()
	if got := g.sends(t, password); got != want {
		t.Fatalf("%s from %s with %q: %s, want %s", g.attempt.Identifier, g.attempt.Source, password, got, want)
	}
}

func (g guesser) fails(t *testing.T, times int) {
	t.Helper()
	for range times {
		g.wants(t, "wrong", wrong)
	}
}

// TestBackoff is the table of the back-off, to the millisecond: during a wait no password is verified, and a refused attempt
// neither counts nor makes the wait longer.
func TestBackoff(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := newGuesser(k, "ada", "192.0.2.7")
	g.rules.Limits.User = auth.Rate{} // which would bind before the longest wait
	g.fails(t, 5)
	for i, seconds := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900} {
		wait := seconds * time.Second
		k.Calls()
		g.wants(t, "wrong", waits(wait))
		k.Clock.Advance(wait / 2)
		g.wants(t, authtest.Password, waits(wait-wait/2))
		k.Clock.Advance(wait - wait/2 - time.Millisecond)
		g.wants(t, "wrong", waits(time.Millisecond))
		g.wants(t, authtest.Password, waits(time.Millisecond))
		if calls := k.Calls(); cmp.Diff(slices.Repeat([]string{"MAC", "MAC", "MAC", "LookUp"}, 4), calls) != "" {
			t.Fatalf("after %d failures a refusal costs more than one read: %v", 5+i, calls)
		}
		k.Clock.Advance(time.Millisecond)
		g.wants(t, "wrong", wrong)
	}
	k.Clock.Advance(15 * time.Minute)
	g.wants(t, authtest.Password, in)
	g.fails(t, 5)
	g.wants(t, "wrong", waits(time.Second))
}

func TestASuccessClearsThePair(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := newGuesser(k, "ada", "192.0.2.7")
	for range 5 {
		g.fails(t, 4)
		g.wants(t, authtest.Password, in)
	}
	other := g.from("192.0.2.8")
	other.fails(t, 5)
	g.wants(t, authtest.Password, in) // not a success from the other source
	other.wants(t, authtest.Password, waits(time.Second))
}

func TestFailuresAreForgottenAfterADay(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		then  []string
	}{
		{day - time.Millisecond, []string{wrong, waits(8 * time.Second)}}, // the eighth
		{day, []string{wrong, wrong, wrong, wrong, wrong, waits(time.Second)}},
	} {
		k := authtest.NewKit(t, users()...)
		g := newGuesser(k, "ada", "192.0.2.7")
		g.fails(t, 5)
		for range 2 {
			k.Clock.Advance(2 * time.Second)
			g.fails(t, 1)
		}
		k.Clock.Advance(test.after)
		for i, want := range test.then {
			if got := g.sends(t, "wrong"); got != want {
				t.Errorf("%v later, guess %d: %s, want %s", test.after, i+1, got, want)
			}
		}
	}
}

// The window of a source begins with its first failure, counts failures over all users, and ends as a whole.
func TestSourceLimit(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	guess := func(name string) guesser { return newGuesser(k, name, "192.0.2.7") }
	guess("nobody").fails(t, 1)
	k.Clock.Advance(14 * time.Minute)
	for i := range 99 {
		guess("ada").wants(t, authtest.Password, in) // successes change nothing
		guess(fmt.Sprintf("stuffed-%d", i)).fails(t, 1)
	}
	k.Calls()
	for _, name := range []string{"grace", "ada", "nobody", "stuffed-1", "fresh"} {
		guess(name).wants(t, authtest.Password, waits(time.Minute))
	}
	if calls := k.Calls(); slices.Contains(calls, "Verify") || slices.Contains(calls, "UserByID") {
		t.Errorf("a refusal costs more than one read: %v", calls)
	}
	guess("grace").from("192.0.2.8").wants(t, authtest.Password, in)
	k.Clock.Advance(time.Minute - time.Millisecond)
	guess("grace").wants(t, authtest.Password, waits(time.Millisecond))
	k.Clock.Advance(time.Millisecond)
	guess("grace").wants(t, authtest.Password, in)
	for i := range 100 {
		guess(fmt.Sprintf("again-%d", i)).fails(t, 1)
	}
	guess("fresh").wants(t, "wrong", waits(15*time.Minute))
}

// The window of a user counts failures from every source, and binds every source except known ones.
func TestUserLimit(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	guess := func(source int) guesser { return newGuesser(k, "ada", fmt.Sprintf("198.51.100.%d", source)) }
	home := newGuesser(k, "ada", "192.0.2.7")
	home.wants(t, authtest.Password, in)
	guess(0).fails(t, 1)
	k.Clock.Advance(59 * time.Minute)
	for i := range 49 {
		guess(i).fails(t, 1)
	}
	k.Calls()
	guess(0).wants(t, authtest.Password, waits(time.Minute))
	guess(200).wants(t, authtest.Password, waits(time.Minute))
	guess(200).from("").wants(t, authtest.Password, waits(time.Minute))
	if calls := k.Calls(); slices.Contains(calls, "Verify") || slices.Contains(calls, "UserByID") {
		t.Errorf("a refusal costs more than one read: %v", calls)
	}
	newGuesser(k, "grace", "198.51.100.200").wants(t, authtest.Password, in)
	home.wants(t, authtest.Password, in)
	home.fails(t, 5)
	home.wants(t, authtest.Password, waits(time.Second)) // only the pair binds a known source
	k.Clock.Advance(time.Minute)
	guess(200).wants(t, authtest.Password, in)
}

// A source is known for 30 days after the last sign-in, whatever fails in between.
func TestKnownSources(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		want  string
	}{
		{30*day - time.Millisecond, in},
		{30 * day, waits(time.Hour)},
	} {
		k := authtest.NewKit(t, users()...)
		home := newGuesser(k, "ada", "192.0.2.7")
		home.wants(t, authtest.Password, in)
		k.Clock.Advance(29 * day)
		home.fails(t, 3)
		k.Clock.Advance(test.after - 29*day)
		for i := range 50 {
			newGuesser(k, "ada", fmt.Sprintf("198.51.100.%d", i)).fails(t, 1)
		}
		home.wants(t, authtest.Password, test.want)
	}
}

// Known and unknown users cause the same calls and get the same answers, at every step into a limit.
func TestUnknownNamesCountAlike(t *testing.T) {
	script := func(name, password string) (outcomes []string, calls [][]string) {
		k := authtest.NewKit(t, users()...)
		for i := range 60 {
			source := fmt.Sprintf("198.51.100.%d", max(0, i-8)) // into the back-off of a pair, then into the user's limit
			outcomes = append(outcomes, newGuesser(k, name, source).sends(t, password))
			step := k.Calls()
			slices.Sort(step) // some are concurrent
			calls = append(calls, step)
			k.Clock.Advance(700 * time.Millisecond)
		}
		return outcomes, calls
	}
	wantOutcomes, wantCalls := script("ada", "wrong")
	if !slices.Contains(wantOutcomes, waits(300*time.Millisecond)) || !slices.Contains(wantOutcomes, wrong) {
		t.Fatalf("the script meets no limit: %v", wantOutcomes)
	}
	for _, name := range []string{"nobody", "joan", "dorothy"} {
		outcomes, calls := script(name, "wrong")
		if d := cmp.Diff(wantOutcomes, outcomes); d != "" {
			t.Errorf("%s gets other answers (-ada +%[1]s):\n%s", name, d)
		}
		if d := cmp.Diff(wantCalls, calls); d != "" {
			t.Errorf("%s makes other calls (-ada +%[1]s):\n%s", name, d)
		}
	}
}

// An attempt that the gate refuses, with the right password, counts and waits like one with a wrong password.
func TestGatesCount(t *testing.T) {
	for _, test := range []struct {
		name, user, impersonate string
		terms                   auth.Terms
		refusal                 error
	}{
		{"pending", "joan", "", profileTerms(), auth.ErrNotReady},
		{"disabled", "dorothy", "", profileTerms(), auth.ErrNotReady},
		{"no qualifying account", "alan", "", accountTerms(), auth.ErrWrongRole},
		{"may not impersonate", "ada", "grace", profileTerms(), auth.ErrImpersonation},
		{"whom nobody may impersonate", "margaret", "katherine", profileTerms(), auth.ErrImpersonation},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g := newGuesser(k, test.user, "192.0.2.7")
			g.terms = test.terms
			if test.impersonate != "" {
				g.attempt.Impersonate = authtest.Identifier(test.impersonate + "@example.com")
			}
			for range 5 {
				g.wants(t, authtest.Password, test.refusal.Error())
			}
			g.wants(t, authtest.Password, waits(time.Second))
			for i := range 45 {
				g.from(fmt.Sprintf("198.51.100.%d", i)).wants(t, authtest.Password, test.refusal.Error())
			}
			g.from("198.51.100.200").wants(t, authtest.Password, waits(time.Hour))
		})
	}
}

// One user and one source have one counter, for every spelling and every contract.
func TestSpellingsShareACounter(t *testing.T) {
	const home = "192.0.2.7"
	for _, test := range []struct {
		name             string
		emails           []string
		sources          []string
		alike            bool
		alternatingTerms bool
	}{
		{"one address", []string{"ada@bücher.example", " ADA@BÜCHER.example ", "Ada@xn--bcher-kva.EXAMPLE"}, []string{home}, true, false},
		{"composed letters", []string{"zo\u00eb@example.com", "zoe\u0308@example.com"}, []string{home}, true, false},
		{"two people", []string{"ada@example.com", "ada@example.org"}, []string{home}, false, false},
		{"two contracts", []string{"ada@example.com"}, []string{home}, true, true},
		{"ports", []string{"ada@example.com"}, []string{home, home + ":1", home + ":65535"}, true, false},
		{"mapped", []string{"ada@example.com"}, []string{home, "::ffff:192.0.2.7", "[::ffff:c000:207]:443"}, true, false},
		{"neighbours", []string{"ada@example.com"}, []string{home, "192.0.2.8"}, false, false},
		{"one /64", []string{"ada@example.com"}, []string{"2001:db8:0:1::1", "2001:db8::1:ffff:ffff:ffff:ffff", "[2001:db8:0:1::]:80"}, true, false},
		{"two /64", []string{"ada@example.com"}, []string{"2001:db8:0:1::1", "2001:db8:0:2::1"}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g := newGuesser(k, "ada", home)
			for i := range 5 {
				g = g.from(test.sources[i%len(test.sources)])
				g.attempt.Identifier = authtest.Identifier(test.emails[i%len(test.emails)])
				if g.terms = profileTerms(); test.alternatingTerms && i%2 == 1 {
					g.terms = accountTerms()
				}
				g.fails(t, 1)
			}
			if got := g.sends(t, "wrong"); (got == waits(time.Second)) != test.alike {
				t.Errorf("after five failures: %s", got)
			}
		})
	}
}

// TestUnknownSource promises that all attempts without a known source count as one source, which is never known to a user.
func TestUnknownSource(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := newGuesser(k, "ada", "unknown")
	g.wants(t, authtest.Password, in)
	g.fails(t, 5)
	for _, address := range []string{"unknown", "", "[2001:db8::1"} {
		g.from(address).wants(t, authtest.Password, waits(time.Second))
	}
	g.from("192.0.2.7").wants(t, authtest.Password, in)

	for i := range 45 {
		g.from(fmt.Sprintf("198.51.100.%d", i)).fails(t, 1)
	}
	k.Clock.Advance(time.Second)
	g.wants(t, authtest.Password, waits(time.Hour-time.Second)) // although she has signed in from the unknown source
	g.from("192.0.2.7").wants(t, authtest.Password, in)

	for i := range 95 {
		newGuesser(k, fmt.Sprintf("stuffed-%d", i), "").fails(t, 1)
	}
	newGuesser(k, "grace", "").wants(t, authtest.Password, waits(15*time.Minute-time.Second))
	newGuesser(k, "grace", "192.0.2.7").wants(t, authtest.Password, in)
}

// TestGuessesAtOnceFromUnknownSources promises that of 30 guesses sent at once the free ones are verified.
func TestGuessesAtOnceFromUnknownSources(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := newGuesser(k, "ada", "")
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() { g.sends(t, "wrong") })
	}
	all.Wait()
	verified := 0
	for _, call := range k.Calls() {
		if call == "Verify" {
			verified++
		}
	}
	if verified != 5 {
		t.Errorf("%d guesses were verified, want the 5 free ones", verified)
	}
}

// TestNetworkTotal promises that the total of an IPv6 source counts its /56, because one customer may have 256 /64s, and not more.
func TestNetworkTotal(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	for i := range 100 {
		newGuesser(k, fmt.Sprintf("stuffed-%d", i), fmt.Sprintf("2001:db8:0:12%02x::%d", 2*i, i)).fails(t, 1)
	}
	grace := newGuesser(k, "grace", "2001:db8:0:12ff::1")
	grace.wants(t, authtest.Password, waits(15*time.Minute))
	grace.from("2001:db8:0:1300::1").wants(t, authtest.Password, in)
	grace.from("2001:db8:0:11ff::1").wants(t, authtest.Password, in)
}

func TestWithoutLimitsNothingIsCounted(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := newGuesser(k, "ada", "192.0.2.7")
	g.rules = rules()
	g.fails(t, 120)
	g.wants(t, authtest.Password, in)
	var calls []string
	for _, call := range k.Calls() {
		if !slices.Contains(calls, call) {
			calls = append(calls, call)
		}
	}
	if d := cmp.Diff([]string{"MAC", "LookUp", "UserByID", "Verify", "Sign", "PutSession"}, calls); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
}

// Each limit works without the others.
func TestSingleLimits(t *testing.T) {
	for _, test := range []struct {
		name   string
		limits auth.Limits
		want   string
	}{
		{"pair", auth.Limits{Free: 3, MaxBackoff: time.Minute}, waits(time.Second)},
		{"source", auth.Limits{Source: auth.Rate{Failures: 3, Span: time.Minute}}, waits(time.Minute)},
		{"user", auth.Limits{User: auth.Rate{Failures: 3, Span: time.Hour}}, waits(time.Hour)},
		{"known alone", auth.Limits{Known: time.Hour}, wrong},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newGuesser(authtest.NewKit(t, users()...), "ada", "192.0.2.7")
			g.rules.Limits = test.limits
			g.wants(t, authtest.Password, in)
			g.fails(t, 3)
			g.wants(t, "wrong", test.want)
		})
	}
}
