package authtest

import (
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"latchkey/internal/auth"
)

// throttleModel predicts sign-ins from lists of failures instead of counters.
type throttleModel struct {
	kit    *Kit
	round  int
	limits auth.Limits
	// Failures that still count, by pair ("user source"), user and network.
	pairs, users, sources map[string][]time.Time
	known                 map[string]time.Time
}

// newThrottleModel has narrow limits, so that a few steps reach all of them.
func newThrottleModel(k *Kit, round int) *throttleModel {
	return &throttleModel{
		kit: k, round: round,
		limits: auth.Limits{
			Free: 3, MaxBackoff: 8 * time.Second, Known: 10 * time.Minute,
			Source: auth.Rate{Failures: 8, Span: time.Minute}, User: auth.Rate{Failures: 10, Span: 2 * time.Minute},
		},
		pairs: map[string][]time.Time{}, users: map[string][]time.Time{}, sources: map[string][]time.Time{},
		known: map[string]time.Time{},
	}
}

// user makes a name unique to the round, because all rounds share one store.
func (m *throttleModel) user(name string) string { return fmt.Sprintf("%s-%d", name, m.round) }

// network is what the total of a source counts: the two IPv6 sources of a round share a /56.
func (m *throttleModel) network(source string) string {
	if sources := sourcesOf(m.round); source == sources[1] || source == sources[2] {
		return sources[1]
	}
	return source
}

func (m *throttleModel) draw(r *rapid.T) try {
	return try{
		user:   m.user(rapid.SampledFrom([]string{"ada", "grace", "nobody"}).Draw(r, "user")),
		source: rapid.SampledFrom(sourcesOf(m.round)).Draw(r, "source"),
	}
}

func (m *throttleModel) exists(a try) bool { return a.user != m.user("nobody") }

// expire drops failures that no longer count.
func (m *throttleModel) expire() {
	now := m.kit.Clock.Now()
	for _, windows := range []struct {
		of   map[string][]time.Time
		span time.Duration
	}{{m.users, m.limits.User.Span}, {m.sources, m.limits.Source.Span}} {
		for name, failures := range windows.of {
			if len(failures) > 0 && now.Sub(failures[0]) >= windows.span {
				delete(windows.of, name)
			}
		}
	}
	for name, failures := range m.pairs {
		if len(failures) > 0 && now.Sub(failures[len(failures)-1]) >= 24*time.Hour {
			delete(m.pairs, name)
		}
	}
}

// wait is how long the attempt has to wait now, zero if it may go on.
func (m *throttleModel) wait(a try) time.Duration {
	m.expire()
	now, pair := m.kit.Clock.Now(), a.user+" "+a.source
	if of := m.sources[m.network(a.source)]; len(of) >= int(m.limits.Source.Failures) {
		return of[0].Add(m.limits.Source.Span).Sub(now)
	}
	if of := m.pairs[pair]; len(of) >= int(m.limits.Free) {
		backoff := time.Second
		for range len(of) - int(m.limits.Free) {
			backoff = min(2*backoff, m.limits.MaxBackoff)
		}
		if wait := of[len(of)-1].Add(backoff).Sub(now); wait > 0 {
			return wait
		}
	}
	if of := m.users[a.user]; len(of) >= int(m.limits.User.Failures) && !now.Before(m.known[pair]) {
		return of[0].Add(m.limits.User.Span).Sub(now)
	}
	return 0
}

// allowed is how many attempts of this kind, sent at once, may be verified.
func (m *throttleModel) allowed(a try, sent int) int {
	wait := m.wait(a)
	failures := len(m.pairs[a.user+" "+a.source]) // wait dropped the expired ones
	switch {
	case wait > 0:
		return 0
	case failures < int(m.limits.Free):
		return min(sent, int(m.limits.Free)-failures)
	}
	return 1
}

func (m *throttleModel) failed(a try) {
	now := m.kit.Clock.Now()
	m.users[a.user] = append(m.users[a.user], now)
	m.sources[m.network(a.source)] = append(m.sources[m.network(a.source)], now)
	m.pairs[a.user+" "+a.source] = append(m.pairs[a.user+" "+a.source], now)
}

func (m *throttleModel) succeeded(a try) {
	delete(m.pairs, a.user+" "+a.source)
	if a.source != "" { // all unknown sources are one, and not known to any user
		m.known[a.user+" "+a.source] = m.kit.Clock.Now().Add(m.limits.Known)
	}
}

func (m *throttleModel) signIn(r *rapid.T) {
	a := m.draw(r)
	a.right = rapid.IntRange(0, 3).Draw(r, "right in four") == 0
	wait := m.wait(a)
	err := m.kit.login(r, m.limits, a)
	var throttled *auth.ThrottledError
	switch {
	case wait > 0:
		if !errors.As(err, &throttled) || throttled.Wait != wait {
			r.Fatalf("%+v: %v (%+v), want to wait %v", a, err, throttled, wait)
		}
	case a.right && m.exists(a):
		if m.succeeded(a); err != nil {
			r.Fatalf("%+v: %v, want to be let in", a, err)
		}
	default:
		if m.failed(a); !errors.Is(err, auth.ErrBadCredentials) {
			r.Fatalf("%+v: %v, want to be wrong", a, err)
		}
	}
	if got := m.kit.verified(); (got == 1) == (wait > 0) || got > 1 {
		r.Fatalf("%+v, which has to wait %v, was verified %d times", a, wait, got)
	}
}

// guessAtOnce sends wrong passwords of several users from several sources. Each pair gets exactly as many verified as the
// model allows, or fewer if a window was filled meanwhile.
func (m *throttleModel) guessAtOnce(r *rapid.T) {
	kinds := rapid.SliceOfN(rapid.Custom(m.draw), 2, 10).Draw(r, "guesses")
	sent, verified, windowsHold := map[try]int{}, map[try]int{}, true
	for _, a := range kinds {
		sent[a]++
	}
	allowed := map[try]int{}
	for a, n := range sent {
		allowed[a] = m.allowed(a, n)
		windowsHold = windowsHold && len(m.users[a.user])+len(kinds) <= int(m.limits.User.Failures) &&
			len(m.sources[m.network(a.source)])+len(kinds) <= int(m.limits.Source.Failures)
	}
	total := 0
	for i, err := range m.kit.concurrently(r, m.limits, kinds) {
		if errors.Is(err, auth.ErrBadCredentials) {
			verified[kinds[i]]++
			total++
			m.failed(kinds[i])
		} else if !errors.Is(err, auth.ErrThrottled) {
			r.Fatalf("%+v: %v", kinds[i], err)
		}
	}
	for a, n := range sent {
		if verified[a] > allowed[a] || windowsHold && verified[a] != allowed[a] {
			r.Fatalf("of %d of %+v %d were verified, want %d", n, a, verified[a], allowed[a])
		}
	}
	if got := m.kit.verified(); got != total {
		r.Fatalf("%d passwords were verified for %d answers", got, total)
	}
}

// signInAtOnce sends the right password of one user from one source several times. The free ones are let in,
// one at least, and no failure stays counted.
func (m *throttleModel) signInAtOnce(r *rapid.T) {
	a := m.draw(r)
	if a.right = true; !m.exists(a) {
		a.user = m.user("ada")
	}
	all := make([]try, rapid.IntRange(2, 6).Draw(r, "at once"))
	for i := range all {
		all[i] = a
	}
	least, wait := m.allowed(a, len(all)), m.wait(a)
	let := 0
	for _, err := range m.kit.concurrently(r, m.limits, all) {
		if err == nil {
			let++
		} else if !errors.Is(err, auth.ErrThrottled) {
			r.Fatalf("%+v: %v", a, err)
		}
	}
	if got := m.kit.verified(); got != let || let < least || let > 0 && wait > 0 {
		r.Fatalf("of %d of %+v, which has to wait %v, %d were verified and %d let in, want at least %d", len(all), a, wait, got, let, least)
	}
	if let > 0 {
		m.succeeded(a)
	}
}

func (m *throttleModel) timePasses(r *rapid.T) {
	m.kit.Clock.Advance(rapid.SampledFrom([]time.Duration{
		300 * time.Millisecond, 700 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second,
		30 * time.Second, time.Minute, 2 * time.Minute, 10 * time.Minute, 24 * time.Hour,
	}).Draw(r, "for"))
}

// forgetSources forgets which sources are known, and keeps the failures.
func (m *throttleModel) forgetSources(r *rapid.T) {
	user := m.draw(r).user
	tries, err := auth.NewAttemptKeys(m.kit.ctx, m.kit.Keyring, Identifier(user+"@example.com"), auth.Source{})
	if err == nil {
		err = m.kit.Store.ForgetSources(m.kit.ctx, tries.User)
	}
	if err != nil {
		r.Fatalf("forget the sources of %s: %v", user, err)
	}
	for _, source := range sourcesOf(m.round) {
		delete(m.known, user+" "+source)
	}
}

// unlock forgets the failures, and keeps which sources are known.
func (m *throttleModel) unlock(r *rapid.T) {
	user := m.draw(r).user
	tries, err := auth.NewAttemptKeys(m.kit.ctx, m.kit.Keyring, Identifier(user+"@example.com"), auth.Source{})
	if err == nil {
		err = m.kit.Store.ForgetAttempts(m.kit.ctx, tries.User)
	}
	if err != nil {
		r.Fatalf("unlock %s: %v", user, err)
	}
	delete(m.users, user)
	for _, source := range sourcesOf(m.round) {
		delete(m.pairs, user+" "+source)
	}
}
