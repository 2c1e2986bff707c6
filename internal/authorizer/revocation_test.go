package authorizer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authorizer"
	"latchkey/internal/authtest"
)

// counted counts how often the store is read, and may be down.
type counted struct {
	auth.SessionReader
	reads atomic.Int64
	down  atomic.Bool
}

func (c *counted) SessionAndUser(ctx context.Context, userID, sessionID string) (auth.Session, auth.User, error) {
	c.reads.Add(1)
	if c.down.Load() {
		return auth.Session{}, auth.User{}, auth.ErrUnavailable
	}
	return c.SessionReader.SessionAndUser(ctx, userID, sessionID)
}

// ways to end a session other than to wait.
func ways(t *testing.T) map[string]func(*kit) {
	user := func(k *kit, change func(*auth.User)) {
		u, err := k.Store.UserByID(t.Context(), "user-1")
		if err != nil {
			t.Fatal(err)
		}
		change(&u)
		if err := k.Store.UpdateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]func(*kit){
		"signed out": func(k *kit) {
			if err := k.Store.EndSession(t.Context(), "user-1", "sid-1"); err != nil {
				t.Fatal(err)
			}
		},
		"signed out everywhere": func(k *kit) {
			if err := k.Store.EndSessions(t.Context(), "user-1", ""); err != nil {
				t.Fatal(err)
			}
		},
		"account gone":     func(k *kit) { user(k, func(u *auth.User) { u.Accounts = nil }) },
		"account demoted":  func(k *kit) { user(k, func(u *auth.User) { u.Accounts[0].UserType = "Member" }) },
		"disabled":         func(k *kit) { user(k, func(u *auth.User) { u.Status = auth.StatusDisabled }) },
		"password changed": func(k *kit) { user(k, func(u *auth.User) { u.PasswordEpoch++ }) },
	}
}

// TestRevocation promises when the token of an ended session is refused: at once, at most 60 s late, or not at all.
func TestRevocation(t *testing.T) {
	for name, end := range ways(t) {
		for mode, late := range map[authorizer.Revocation]time.Duration{
			authorizer.Strict: 0, authorizer.Bounded: time.Minute, authorizer.Off: time.Hour,
		} {
			t.Run(string(mode)+"/"+name, func(t *testing.T) {
				k := newKit(t, mode)
				a, event := authorizer.New(k.config), encode(t, http2(bearer(k.raw)))
				allowed := func() bool {
					t.Helper()
					answer, err := a.Invoke(t.Context(), event)
					if err != nil {
						t.Fatal(err)
					}
					return string(answer) == simple
				}
				if !allowed() {
					t.Fatal("refused while the session stands")
				}
				end(k)
				if still := allowed(); still != (late > 0) {
					t.Errorf("at once: allowed is %v", still)
				}
				k.Clock.Advance(late)
				if still := allowed(); still != (mode == authorizer.Off) {
					t.Errorf("after %s: allowed is %v", late, still)
				}
			})
		}
	}
}

// TestRolesAreCurrent promises when an API learns of a role that was taken away: at once, at most 60 s late, or with the
// next token.
func TestRolesAreCurrent(t *testing.T) {
	for mode, late := range map[authorizer.Revocation]time.Duration{
		authorizer.Strict: 0, authorizer.Bounded: time.Minute, authorizer.Off: time.Hour,
	} {
		k := newKit(t, mode)
		a, event := authorizer.New(k.config), encode(t, http2(bearer(k.raw)))
		roles := func() string {
			t.Helper()
			answer, err := a.Invoke(t.Context(), event)
			var got struct{ Context struct{ Roles string } }
			if err = errors.Join(err, json.Unmarshal(answer, &got)); err != nil {
				t.Fatal(err)
			}
			return got.Context.Roles
		}
		const before, after = "editor,Organization Owner", "guest,Organization Owner"
		if got := roles(); got != before {
			t.Errorf("%s: roles %q", mode, got)
		}
		k.Update(t, "user-1", func(u *auth.User) { u.Role = "guest" })
		if got := roles(); (got == before) != (late > 0) {
			t.Errorf("%s, at once: roles %q", mode, got)
		}
		k.Clock.Advance(late)
		if got := roles(); (got == after) != (mode != authorizer.Off) {
			t.Errorf("%s, after %v: roles %q", mode, late, got)
		}
	}
}

// TestImpersonation promises that an impersonation is denied once its impersonator may not go on, and what it costs: one
// more read.
func TestImpersonation(t *testing.T) {
	for name, change := range map[string]func(*auth.User){
		"disabled": func(u *auth.User) { u.Status = auth.StatusDisabled }, "role": func(u *auth.User) { u.Role = "user" },
		"password": func(u *auth.User) { u.PasswordEpoch++ }, "none": nil,
	} {
		k := newKit(t, authorizer.Strict)
		support := authtest.NewUser("support")
		support.Role = "support"
		k.Add(t, support)
		session, record := k.session, k.session
		session.ID, session.ActorID = "sid-2", "support"
		record.ID, record.UserID, record.TargetID, record.PasswordEpoch = "sid-2", "support", "user-1", support.PasswordEpoch
		for _, s := range []auth.Session{session, record} {
			if err := k.Store.PutSession(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		claims := k.claims()
		claims.SessionID, claims.Actor = "sid-2", "support"
		event, store := http2(bearer(k.sign(t, claims))), &counted{SessionReader: k.Store}
		k.config.Sessions = store
		if got, err := invoke(t, k.config, event); err != nil || !strings.Contains(got, `"act":"support"`) {
			t.Errorf("%s, before: %s, %v", name, got, err)
		}
		if got := store.reads.Load(); got != 2 {
			t.Errorf("%d reads, want 2", got)
		}
		if change == nil {
			continue
		}
		k.Update(t, "support", change)
		got, err := invoke(t, k.config, event)
		wantDenied(t, name, got, err)
	}
}

// TestSessionExpires promises that a session past its time counts as ended, though the store still has it.
func TestSessionExpires(t *testing.T) {
	k := newKit(t, authorizer.Strict)
	c := k.claims()
	c.ExpiresAt = c.ExpiresAt.Add(24 * time.Hour)
	event := http2(bearer(k.sign(t, c)))
	k.Clock.Advance(24*time.Hour - time.Second)
	if got, err := invoke(t, k.config, event); err != nil || got != simple {
		t.Errorf("a second before: %s, %v", got, err)
	}
	k.Clock.Advance(time.Second)
	got, err := invoke(t, k.config, event)
	wantDenied(t, "at its end", got, err)
}

// TestNoSession promises that a token without a session, or with another user's, needs Off.
func TestNoSession(t *testing.T) {
	for mode, want := range map[authorizer.Revocation]bool{authorizer.Strict: false, authorizer.Bounded: false, authorizer.Off: true} {
		k := newKit(t, mode)
		none, other := k.claims(), k.claims()
		none.SessionID, other.Subject = "", "user-2"
		for _, c := range []auth.Claims{none, other} {
			got, err := invoke(t, k.config, http2(bearer(k.sign(t, c))))
			if want != (err == nil && got != `{"isAuthorized":false}`) {
				t.Errorf("%s, user %s, session %q: %s, %v", mode, c.Subject, c.SessionID, got, err)
			}
		}
	}
}

// TestReads promises one read of a session a minute under Bounded, one for each call under Strict, none under Off, and
// that a store that is down is our fault once the minute is over.
func TestReads(t *testing.T) {
	for mode, want := range map[authorizer.Revocation]int64{authorizer.Strict: 100, authorizer.Bounded: 2, authorizer.Off: 0} {
		k := newKit(t, mode)
		store := &counted{SessionReader: k.Store}
		k.config.Sessions = store
		a, event := authorizer.New(k.config), encode(t, http2(bearer(k.raw)))
		for range 100 {
			if _, err := a.Invoke(t.Context(), event); err != nil {
				t.Fatal(err)
			}
			k.Clock.Advance(time.Second)
		}
		if got := store.reads.Load(); got != want {
			t.Errorf("%s: %d reads in 100 calls and seconds, want %d", mode, got, want)
		}
		k.Clock.Advance(time.Minute)
		store.down.Store(true)
		if _, err := a.Invoke(t.Context(), event); errors.Is(err, authorizer.ErrFailed) != (mode != authorizer.Off) {
			t.Errorf("%s, store down: %v", mode, err)
		}
	}
}

// TestClockSetBack promises that a result is not used when the clock was set back to before it.
func TestClockSetBack(t *testing.T) {
	k := newKit(t, authorizer.Bounded)
	a, event := authorizer.New(k.config), encode(t, http2(bearer(k.raw)))
	k.Clock.Advance(30 * time.Second)
	if answer, err := a.Invoke(t.Context(), event); err != nil || string(answer) != simple {
		t.Fatalf("%s, %v", answer, err)
	}
	if err := k.Store.EndSession(t.Context(), "user-1", "sid-1"); err != nil {
		t.Fatal(err)
	}
	k.Clock.Advance(-20 * time.Second)
	answer, err := a.Invoke(t.Context(), event)
	wantDenied(t, "set back", string(answer), err)
}

// standing is a store in which every session stands.
type standing struct{ now time.Time }

func (s standing) SessionAndUser(_ context.Context, userID, sessionID string) (auth.Session, auth.User, error) {
	return auth.Session{ID: sessionID, UserID: userID, ExpiresAt: s.now.Add(time.Hour)}, auth.User{ID: userID, Status: auth.StatusReady}, nil
}

// named takes any token for a session of its own name.
type named struct{}

func (named) Verify(_ context.Context, raw string) (auth.Claims, error) {
	return auth.Claims{Subject: "user", SessionID: raw}, nil
}

// TestMemory promises that any number of sessions is remembered in bounded memory, the busy ones first, and that
// concurrent calls do not disturb each other.
func TestMemory(t *testing.T) {
	k := newKit(t, authorizer.Bounded)
	store := &counted{SessionReader: standing{k.Clock.Now()}}
	k.config.Tokens, k.config.Sessions = named{}, store
	a := authorizer.New(k.config)
	call := func(session string) {
		event := fmt.Sprintf(`{"type":"TOKEN","methodArn":%q,"authorizationToken":"Bearer %s"}`, arn, session)
		if _, err := a.Invoke(t.Context(), []byte(event)); err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 2500 {
				call(fmt.Sprint(worker, "-", i))
			}
		})
	}
	wg.Wait()
	before := store.reads.Load()
	for range 2 {
		for i := range 500 {
			call(fmt.Sprint("again-", i))
		}
	}
	if got := store.reads.Load() - before; got != 500 {
		t.Errorf("%d reads for 500 new sessions called twice", got)
	}
	for worker := range 4 {
		for i := range 2500 {
			call(fmt.Sprint(worker, "-", i))
		}
	}
	if got := store.reads.Load() - before - 500; got < 10_000-8192 {
		t.Errorf("%d reads: more than 8,192 of 10,000 sessions were remembered", got)
	}
}
