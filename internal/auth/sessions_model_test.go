package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestSessionModel lets random things happen to a user's sessions, and compares each answer with a plain model's. Each
// round has a user of its own in the one store.
func TestSessionModel(t *testing.T) {
	t.Parallel()
	k := authtest.NewKit(t)
	rules := auth.Rules{RefreshGrace: grace, RefreshRetry: time.Minute, SessionIdle: 3 * day, SessionMax: 10 * day}
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		m := &sessionModel{t: t, kit: k, login: k.Service(rules), sessions: k.Sessions(rules), rules: rules, ready: true}
		m.user = authtest.NewUser(fmt.Sprintf("user-%d", round))
		k.Add(t, m.user)
		m.signIn(r)
		r.Repeat(map[string]func(*rapid.T){
			"":                     m.compare,
			"sign in":              m.signIn,
			"refresh":              m.refresh,
			"refresh again":        m.refresh, // the more of them, the older the tokens that are tried
			"time passes":          m.wait,
			"authenticate":         m.authenticate,
			"sign out":             m.signOut,
			"sign out by refresh":  m.signOutByRefresh,
			"the password changes": m.changePassword,
			"disable or enable":    m.disable,
			"the power fails":      m.powerCut,
		})
	})
}

type sessionModel struct {
	t        *testing.T
	kit      *authtest.Kit
	login    *auth.Service
	sessions *auth.Sessions
	rules    auth.Rules

	user     auth.User
	epoch    int64 // how often the password was changed
	ready    bool
	families []*family
	tokens   []issued // refresh tokens
	access   []issued
}

// family is a session as it should be stored.
type family struct {
	gone                      bool
	session                   auth.Session
	created, rotated, expires time.Time
	generation, epoch         int64
	children                  map[int64]string // the refresh token of each generation: there is one
	past                      []family         // as it was stored before each rotation
}

type issued struct {
	of         *family
	generation int64
	text       string
	expires    time.Time
}

func (m *sessionModel) now() time.Time { return m.kit.Clock.Now() }

func (m *sessionModel) signIn(r *rapid.T) {
	g, err := m.login.Login(m.t.Context(), attempt(m.user.ID), profileTerms())
	if !m.ready {
		if !errors.Is(err, auth.ErrNotReady) {
			r.Fatalf("a disabled user signs in: %v", err)
		}
		return
	}
	if err != nil {
		r.Fatalf("sign in: %v", err)
	}
	f := &family{
		session: g.Session, created: m.now(), rotated: m.now(), expires: m.now().Add(m.rules.SessionIdle),
		generation: 1, epoch: m.epoch, children: map[int64]string{},
	}
	m.families = append(m.families, f)
	m.issue(r, f, g)
}

// issue notes the tokens, and that a generation has one only.
func (m *sessionModel) issue(r *rapid.T, f *family, g auth.Grant) {
	if known := f.children[f.generation]; known != "" && known != g.RefreshToken {
		r.Fatalf("generation %d has two tokens", f.generation)
	}
	if g.RefreshLife != f.expires.Sub(m.now()) {
		r.Errorf("the refresh token lives %v, want %v", g.RefreshLife, f.expires.Sub(m.now()))
	}
	f.children[f.generation] = g.RefreshToken
	m.tokens = append(m.tokens, issued{f, f.generation, g.RefreshToken, f.expires})
	m.access = append(m.access, issued{of: f, text: g.AccessToken, expires: m.now().Truncate(time.Second).Add(day)})
}

func (m *sessionModel) over(f *family) bool {
	return f.gone || !m.now().Before(f.expires) || !m.ready || f.epoch != m.epoch
}

// good says whether the refresh token should be taken, and ends its session where it should not, and is genuine.
func (m *sessionModel) good(token issued) bool {
	f := token.of
	parent := token.generation == f.generation-1 && m.now().Sub(f.rotated) < m.rules.RefreshRetry
	if m.over(f) || token.generation < f.generation && !parent {
		f.gone = true
		return false
	}
	return true
}

func (m *sessionModel) refresh(r *rapid.T) {
	token := rapid.SampledFrom(m.tokens).Draw(r, "token")
	good, f := m.good(token), token.of
	if good && token.generation >= f.generation {
		f.past = append(f.past, *f)
		f.generation, f.rotated = token.generation+1, m.now()
		if f.expires = m.now().Add(m.rules.SessionIdle); f.expires.After(f.created.Add(m.rules.SessionMax)) {
			f.expires = f.created.Add(m.rules.SessionMax)
		}
	}
	g, err := m.sessions.Refresh(m.t.Context(), token.text, refreshSource(), day)
	if good != (err == nil) || !good && !errors.Is(err, auth.ErrNoSession) {
		r.Fatalf("generation %d of %d: %v, want good = %t", token.generation, f.generation, err, good)
	}
	if good {
		m.issue(r, f, g)
	}
}

func (m *sessionModel) wait(r *rapid.T) {
	m.kit.Clock.Advance(rapid.SampledFrom([]time.Duration{
		time.Millisecond, time.Second, grace - time.Millisecond, grace, time.Minute - time.Millisecond, time.Minute, time.Hour, day, 3*day - time.Millisecond, 3 * day,
	}).Draw(r, "time"))
}

func (m *sessionModel) authenticate(r *rapid.T) {
	token := rapid.SampledFrom(m.access).Draw(r, "access token")
	good := !m.over(token.of) && m.now().Before(token.expires)
	c, err := m.sessions.Authenticate(m.t.Context(), token.text)
	if good != (err == nil) || !good && !errors.Is(err, auth.ErrNoSession) || good && c.Session.ID != token.of.session.ID {
		r.Fatalf("authenticate: %v, session %q, want good = %t", err, c.Session.ID, good)
	}
}

func (m *sessionModel) signOut(r *rapid.T) {
	token, all := rapid.SampledFrom(m.access).Draw(r, "access token"), rapid.Bool().Draw(r, "all")
	good := !m.over(token.of) && m.now().Before(token.expires)
	err := m.sessions.SignOut(m.t.Context(), auth.Credentials{Access: []string{token.text}}, all, refreshSource())
	if good != (err == nil) || !good && !errors.Is(err, auth.ErrNoSession) {
		r.Fatalf("sign out: %v, want good = %t", err, good)
	}
	if good {
		m.end(token.of, all)
	}
}

func (m *sessionModel) signOutByRefresh(r *rapid.T) {
	token, all := rapid.SampledFrom(m.tokens).Draw(r, "token"), rapid.Bool().Draw(r, "all")
	good := m.good(token)
	err := m.sessions.SignOut(m.t.Context(), auth.Credentials{Refresh: []string{token.text}}, all, refreshSource())
	if good != (err == nil) || !good && !errors.Is(err, auth.ErrNoSession) {
		r.Fatalf("sign out by generation %d of %d: %v, want good = %t", token.generation, token.of.generation, err, good)
	}
	if good {
		m.end(token.of, all)
	}
}

func (m *sessionModel) end(f *family, all bool) {
	f.gone = true
	for _, other := range m.families {
		other.gone = other.gone || all
	}
}

func (m *sessionModel) changePassword(*rapid.T) {
	m.epoch++
	m.kit.Update(m.t, m.user.ID, func(u *auth.User) { u.PasswordEpoch++ })
}

func (m *sessionModel) disable(*rapid.T) {
	m.ready = !m.ready
	m.kit.Update(m.t, m.user.ID, func(u *auth.User) {
		if u.Status = auth.StatusDisabled; m.ready {
			u.Status = auth.StatusReady
		}
	})
}

// powerCut makes the store forget the last rotations of a session that is still there.
func (m *sessionModel) powerCut(r *rapid.T) {
	f := rapid.SampledFrom(m.families).Draw(r, "session")
	if f.gone || len(f.past) == 0 {
		return
	}
	lost := rapid.IntRange(1, len(f.past)).Draw(r, "lost rotations")
	past := f.past[len(f.past)-lost]
	f.generation, f.rotated, f.expires, f.past = past.generation, past.rotated, past.expires, past.past
	s := f.session
	s.Generation, s.RotatedAt, s.LastUsedAt, s.ExpiresAt = f.generation, f.rotated, f.rotated, f.expires
	err := errors.Join(m.kit.Store.EndSession(m.t.Context(), s.UserID, s.ID), m.kit.Store.PutSession(m.t.Context(), s))
	if err != nil {
		r.Fatal(err)
	}
}

// compare checks the stored sessions. An expired one may be stored or not.
func (m *sessionModel) compare(r *rapid.T) {
	for i, f := range m.families {
		got, err := m.kit.Store.Session(m.t.Context(), m.user.ID, f.session.ID)
		if f.gone {
			if !errors.Is(err, auth.ErrNotFound) {
				r.Errorf("session %d should be gone: %+v, %v", i, got, err)
			}
			continue
		}
		if !m.now().Before(f.expires) {
			continue
		}
		if err != nil || got.Generation != f.generation || !got.RotatedAt.Equal(f.rotated) || !got.ExpiresAt.Equal(f.expires) {
			r.Errorf("session %d is stored as %+v, %v; want generation %d, expiry %v", i, got, err, f.generation, f.expires)
		}
	}
}
