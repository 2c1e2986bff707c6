package rotation_test

import (
	"container/heap"
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/cached"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

const (
	gatewayCache = 2 * time.Hour    // how long gateways cache a JWK Set
	servedCache  = 30 * time.Minute // its maximum age when they fetch it
	keptRing     = 6 * time.Hour    // how long a function signs with a cached ring while the secret cannot be read
	longWait     = 17 * time.Hour   // between the steps of a failing rotation
)

// TestYear simulates a year of a deployment: monthly rotations, some too soon and some slow, a change of the algorithm and
// back, functions that miss a rotation for hours, and gateways that fetch the keys at the worst moment. It promises that no
// verifier ever refuses a valid token or accepts a token of a retired key.
func TestYear(t *testing.T) {
	l := newLife(t)
	for month := range 13 {
		at := start.Add(time.Duration(month) * 30 * day)
		switch month {
		case 4:
			l.at(at, func() { l.Algorithm = jwk.EdDSA })
		case 7:
			l.at(at, func() { l.Algorithm = jwk.HS256 })
		case 9:
			l.at(at, func() { l.Algorithm = jwk.ES256 })
		}
		l.rotateAt(at, time.Duration(month%3)*longWait/2)
		again := at.Add(longWait + time.Hour)
		l.rotateAt(again, 0)
		for _, published := range []time.Time{at, again} { // the last moment at which the previous keys may be served
			l.at(published.Add(servedCache-time.Second), l.gateways[2].fetch)
		}
		for _, soon := range []time.Duration{time.Minute, time.Hour, gatewayCache + servedCache - time.Minute} {
			l.rotateAt(again.Add(soon), 0)
		}
		for minutes := -60; minutes < 28*60; minutes += 120 {
			l.loginAt(at.Add(time.Duration(minutes) * time.Minute))
		}
	}
	for at := start.Add(day); at.Before(start.Add(365 * day)); at = at.Add(25 * time.Hour) {
		l.loginAt(at)
	}
	l.live()
	if l.tokens < 500 || l.retired < 6 {
		t.Errorf("%d tokens and %d retired keys are no year", l.tokens, l.retired)
	}
}

// life is a deployment with a clock that moves from event to event.
type life struct {
	*kit
	t      *testing.T
	random *rand.Rand
	events queue
	added  int

	signers         map[string]*function
	gateways        []*gateway
	sets            []publication
	version         string            // in use at the last look
	documents       map[string][]byte // by their current key
	retiring        map[string]bool
	tokens, retired int

	cold, authorizer auth.Verifier // see the ring and the keys as they are now
}

type event struct {
	at    time.Time
	added int // order among events at the same time
	do    func()
}

// queue is a heap of events, earliest first.
type queue []event

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].added < q[j].added
}
func (q *queue) Push(e any) { *q = append(*q, e.(event)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func newLife(t *testing.T) *life {
	l := &life{kit: newKit("{}"), t: t, random: rand.New(rand.NewPCG(1, 2)), documents: map[string][]byte{}, retiring: map[string]bool{}}
	l.now = start.Add(-day) // before the first sign-in
	l.rotate(t, "first")
	l.note()
	l.signers = map[string]*function{"warm": l.function(), "unlucky": l.function()}
	l.gateways = []*gateway{{life: l}, {life: l}, {life: l, worst: true}}
	l.at(start.Add(-77*time.Minute), l.gateways[1].fetch) // at another phase
	return l
}

func (l *life) at(at time.Time, do func()) {
	l.added++
	heap.Push(&l.events, event{at, l.added, do})
}

func (l *life) live() {
	for l.events.Len() > 0 && !l.t.Failed() {
		e := heap.Pop(&l.events).(event)
		l.now = e.at
		e.do()
		l.note()
	}
}

// note records what the last event did to the keys.
func (l *life) note() {
	if n := len(l.sets); n > 0 && string(l.sets[n-1].jwks) == string(l.table.jwks) && l.vault.at("AWSCURRENT") == l.version {
		return
	}
	l.sets, l.version = append(l.sets, publication{l.now, l.table.jwks}), l.vault.at("AWSCURRENT")
	l.cold = token.NewKeyring(fixed(l.vault.current()), keyring.Parse, l.config())
	l.authorizer = either{token.NewVerifier(fixed(l.table.jwks), l.config()), l.cold}
	ring := l.ring(l.t)
	l.documents[inUse(ring).KeyID] = l.vault.current()
	for _, k := range ring.Facts() {
		if k.State == keyring.Previous && !l.retiring[k.KeyID] {
			l.retiring[k.KeyID] = true
			for _, after := range []time.Duration{0, time.Minute, gatewayCache + servedCache, 20 * day} {
				l.at(k.RetireAt.Add(after), func() { l.forge(k, after) })
			}
		}
	}
}

// rotateAt runs the steps, with a wait before the last. The unlucky function reads the secret just before it changes, and then
// not again for as long as it may use a cached ring.
func (l *life) rotateAt(at time.Time, wait time.Duration) {
	version := at.Format("v2006-01-02T15")
	finish := at.Add(wait)
	l.at(at, func() {
		if err := l.vault.begin(version); err != nil {
			l.t.Fatal(err)
		}
		for _, step := range steps[:3] {
			if err := l.step(l.t, step, version); err != nil {
				l.t.Fatal(err)
			}
		}
	})
	l.at(finish.Add(-time.Second), func() { l.signers["unlucky"].miss() })
	l.at(finish, func() {
		if err := l.step(l.t, "finishSecret", version); err != nil {
			l.t.Fatal(err)
		}
	})
	l.loginAt(finish.Add(30 * time.Second))
	l.signAt(finish.Add(keptRing-3*time.Second), "unlucky", 90*day) // the last token of the old key
	l.at(finish.Add(keptRing-2*time.Second), func() { l.signers["unlucky"].down = false })
}

// loginAt issues a token by one function or the other, and verifies it until it expires.
func (l *life) loginAt(at time.Time) {
	l.signAt(at, []string{"warm", "unlucky"}[l.random.IntN(2)], []time.Duration{time.Hour, day, 90 * day}[l.tokens%3])
}

func (l *life) signAt(at time.Time, signer string, life time.Duration) {
	l.tokens++
	l.at(at, func() {
		raw := l.sign(l.signers[signer], at, life)
		for _, after := range []time.Duration{0, time.Duration(l.random.Int64N(int64(life))), life - time.Second} {
			l.at(at.Add(after), func() { l.verify(raw) })
		}
	})
}

func (l *life) sign(f *function, at time.Time, life time.Duration) string {
	raw, _, err := f.keyring.Sign(l.t.Context(), auth.Claims{
		ID: "jti", Subject: "user", SessionID: "sid", IssuedAt: at, ExpiresAt: at.Add(life),
	})
	if err != nil {
		l.t.Fatalf("%v: sign: %v", l.now, err)
	}
	return raw
}

func (l *life) verify(raw string) {
	for name, v := range l.ours() {
		_, err := v.Verify(l.t.Context(), raw)
		if name == cutOff && l.signers["unlucky"].down && errors.Is(err, auth.ErrUnavailable) {
			continue // two rotations behind, it answers that it does not know, which signs nobody out
		}
		if err != nil {
			l.t.Errorf("%v: %s refuses a valid token: %v", l.now, name, err)
		}
	}
	if symmetric(raw) {
		return // gateways cannot use it
	}
	for i, g := range l.gateways {
		if err := g.verify(raw); err != nil {
			l.t.Errorf("%v: gateway %d refuses a valid token: %v", l.now, i, err)
		}
	}
}

const cutOff = "a function that cannot read the secret"

// ours returns our verifiers: with the ring, warm or cold, and with the published keys.
func (l *life) ours() map[string]auth.Verifier {
	return map[string]auth.Verifier{
		"a warm function": l.signers["warm"].keyring, cutOff: l.signers["unlucky"].keyring,
		"a cold one": l.cold, "the authorizer": l.authorizer,
	}
}

// forge makes tokens with a stolen key after its end.
func (l *life) forge(k keyring.KeyFacts, after time.Duration) {
	l.retired++
	document := l.documents[k.KeyID]
	raw, signedBy, err := token.NewKeyring(fixed(document), keyring.Parse, l.config()).Sign(l.t.Context(), auth.Claims{
		ID: "jti", Subject: "user", SessionID: "sid", IssuedAt: l.now.Truncate(time.Second), ExpiresAt: l.now.Truncate(time.Second).Add(time.Hour),
	})
	if err != nil || signedBy != k.KeyID {
		l.t.Fatalf("forged with %s, %v", signedBy, err)
	}
	for name, v := range l.ours() {
		if _, err := v.Verify(l.t.Context(), raw); err == nil {
			l.t.Errorf("%v: %s takes a token of %s, which retired %v ago", l.now, name, k.KeyID, after)
		}
	}
	if after < gatewayCache+servedCache {
		return
	}
	for i, g := range l.gateways {
		if err := g.verify(raw); err == nil {
			l.t.Errorf("%v: gateway %d takes a token of %s, which retired %v ago", l.now, i, k.KeyID, after)
		}
	}
}

func (l *life) config() token.Config {
	return token.Config{Issuer: issuer, Audience: audience, Now: func() time.Time { return l.now }}
}

// function is a warm Lambda function with its production cache.
type function struct {
	*life
	keyring *token.Keyring
	cache   *cached.Source
	down    bool // cannot read the secret
}

func (l *life) function() *function {
	f := &function{life: l}
	f.cache = cached.New(f, cached.Config{Hard: keptRing, Patience: time.Hour, Now: func() time.Time { return l.now }})
	f.keyring = token.NewKeyring(f.cache, keyring.Parse, l.config())
	return f
}

// Get reads the secret (cached.Origin).
func (f *function) Get(context.Context) ([]byte, error) {
	if f.down {
		return nil, errDown
	}
	return f.vault.current(), nil
}

// miss reads the secret one last time before a change.
func (f *function) miss() {
	if f.down {
		return
	}
	if _, err := f.cache.Refresh(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.down = true
}

type fixed []byte

func (s fixed) Get(context.Context) ([]byte, error)     { return s, nil }
func (s fixed) Refresh(context.Context) ([]byte, error) { return s, nil }
