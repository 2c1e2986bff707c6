package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

const grace = 10 * time.Second

// signIn opens a session by the terms and forgets what was called and audited for it.
func signIn(t *testing.T, k *authtest.Kit, a auth.Attempt, terms auth.Terms) auth.Grant {
	t.Helper()
	g, err := k.Service(rules()).Login(t.Context(), a, terms)
	if err != nil {
		t.Fatal(err)
	}
	keep(k, g)
	k.Calls()
	k.Log.Audit(t)
	return g
}

func keep(k *authtest.Kit, g auth.Grant) {
	k.Log.Keep(g.AccessToken, g.RefreshToken, g.Session.Nonce)
}

func refreshSource() auth.Source { return auth.ParseSource("198.51.100.9") }

func refresh(t *testing.T, k *authtest.Kit, token string) (auth.Grant, error) {
	t.Helper()
	g, err := k.Sessions(rules()).Refresh(t.Context(), token, refreshSource(), day)
	keep(k, g)
	return g, err
}

func mustRefresh(t *testing.T, k *authtest.Kit, token string) auth.Grant {
	t.Helper()
	g, err := refresh(t, k, token)
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	return g
}

// wantRefused checks that the token gets nothing, and that one record says why.
func wantRefused(t *testing.T, k *authtest.Kit, token, event, reason string) {
	t.Helper()
	k.Log.Audit(t)
	g, err := refresh(t, k, token)
	if !errors.Is(err, auth.ErrNoSession) || errors.Is(err, auth.ErrUnavailable) || g.AccessToken+g.RefreshToken+g.User.ID != "" {
		t.Errorf("error %v, want ErrNoSession, and nothing granted: %+v", err, g)
	}
	wantAudit(t, k, event, "refused", reason)
}

func wantAudit(t *testing.T, k *authtest.Kit, event, outcome, reason string) {
	t.Helper()
	records := k.Log.Audit(t)
	if len(records) != 1 || records[0]["event"] != event || records[0]["outcome"] != outcome || records[0]["reason"] != reason {
		t.Errorf("audit %v, want one record: %s %s, %s", records, event, outcome, reason)
	}
}

// wantStored checks what the store holds of the session.
func wantStored(t *testing.T, k *authtest.Kit, want auth.Session) {
	t.Helper()
	got, err := k.Store.Session(t.Context(), want.UserID, want.ID)
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("the stored session differs, error %v (-want +got):\n%s", err, d)
	}
}

func wantEnded(t *testing.T, k *authtest.Kit, s auth.Session) {
	t.Helper()
	if got, err := k.Store.Session(t.Context(), s.UserID, s.ID); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the session is still there: %+v, %v", got, err)
	}
}

func TestRefresh(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	first := signIn(t, k, attempt("ada"), profileTerms())
	k.Clock.Advance(time.Hour)
	g := mustRefresh(t, k, first.RefreshToken)

	if d := cmp.Diff([]string{"SessionAndUser", "MAC", "MAC", "Sign", "RotateSession"}, k.Calls()); d != "" {
		t.Errorf("one read, one write, and nothing is written before all is made (-want +got):\n%s", d)
	}
	now := authtest.Start().Add(time.Hour)
	want := first.Session
	want.Generation, want.RotatedAt, want.LastUsedAt, want.ExpiresAt = 2, now, now, now.Add(7*day)
	wantStored(t, k, want)
	if d := cmp.Diff(want, g.Session); d != "" || g.User.ID != "ada" || g.AccessLife != day || g.RefreshLife != 7*day {
		t.Errorf("lives %v and %v of %q, session differs (-want +got):\n%s", g.AccessLife, g.RefreshLife, g.User.ID, d)
	}

	claims, before := k.Claims(t, g.AccessToken), k.Claims(t, first.AccessToken)
	issued := now.Truncate(time.Second)
	wantClaims := auth.Claims{
		ID: claims.ID, Subject: "ada", SessionID: first.Session.ID, Roles: []string{"user"}, AMR: []string{"pwd"}, AuthTime: authtest.Start().Truncate(time.Second), IssuedAt: issued, ExpiresAt: issued.Add(day),
	}
	if d := cmp.Diff(wantClaims, claims); d != "" || claims.ID == before.ID {
		t.Errorf("the token (id %q) differs (-want +got):\n%s", claims.ID, d)
	}
	_, kid, _ := k.Keyring.Sign(t.Context(), claims)
	wantRecord := []map[string]any{{
		"level": "INFO", "event": "refresh", "outcome": "success", "reason": "ok", "user": "ada", "session": first.Session.ID,
		"source": "198.51.100.9", "contract": "session", "kid": kid,
	}}
	if d := cmp.Diff(wantRecord, k.Log.Audit(t)); d != "" {
		t.Errorf("the audit differs (-want +got):\n%s", d)
	}

	if g.RefreshToken == first.RefreshToken {
		t.Error("the refresh token did not change")
	}
	if next := mustRefresh(t, k, g.RefreshToken); next.Session.Generation != 3 {
		t.Errorf("the successor made generation %d, want 3", next.Session.Generation)
	}
}

// Cookies live as long as their tokens: a call that takes a while must not shorten them by the second it began in.
func TestRefreshGivesWholeLives(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	first := signIn(t, k, attempt("ada"), profileTerms())
	k.Before(func(string) error { k.Clock.Advance(300 * time.Microsecond); return nil })
	g := mustRefresh(t, k, first.RefreshToken)
	if g.RefreshLife != 7*day {
		t.Errorf("the refresh token lives %v, want 7 days", g.RefreshLife)
	}
	wantStored(t, k, g.Session) // though stores keep no more than milliseconds
}

func TestRefreshTwice(t *testing.T) {
	for _, test := range []struct {
		name  string
		grace time.Duration
		wait  time.Duration
		live  bool
	}{
		{"at once", grace, 0, true},
		{"at the end of the grace", grace, grace - time.Millisecond, true},
		{"after the grace", grace, grace, false},
		{"long after", grace, 6 * day, false},
		{"at once, without a grace", 0, 0, false},
		{"the clock was corrected by a little", grace, -time.Second, true},
		{"the clock was corrected by a lot", grace, -time.Hour, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			first := signIn(t, k, attempt("ada"), profileTerms())
			r := rules()
			r.SessionIdle, r.SessionMax, r.RefreshGrace = 7*day, 90*day, test.grace
			second, err := k.Sessions(r).Refresh(t.Context(), first.RefreshToken, refreshSource(), day)
			if err != nil {
				t.Fatal(err)
			}
			k.Clock.Advance(test.wait)
			k.Log.Audit(t)
			again, err := k.Sessions(r).Refresh(t.Context(), first.RefreshToken, refreshSource(), day)
			keep(k, second)
			keep(k, again)
			if test.live {
				if err != nil || again.RefreshToken != second.RefreshToken {
					t.Errorf("error %v, or another child than the first caller's", err)
				}
				if again.RefreshLife != 7*day-test.wait {
					t.Errorf("the child lives %v more, want %v", again.RefreshLife, 7*day-test.wait)
				}
				wantAudit(t, k, "refresh", "success", "grace")
				wantStored(t, k, second.Session)
				return
			}
			if !errors.Is(err, auth.ErrNoSession) {
				t.Errorf("error %v, want ErrNoSession", err)
			}
			wantAudit(t, k, "refresh_replayed", "refused", "replayed")
			wantEnded(t, k, first.Session)
			wantRefused(t, k, second.RefreshToken, "refresh", "session_unknown")
		})
	}
}

// Only the parent of the newest token has a grace: the holder of an older one has missed two rotations.
func TestRefreshWithAnOlderGeneration(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	first := signIn(t, k, attempt("ada"), profileTerms())
	other := signIn(t, k, attempt("ada"), profileTerms())
	second := mustRefresh(t, k, first.RefreshToken)
	third := mustRefresh(t, k, second.RefreshToken)
	wantRefused(t, k, first.RefreshToken, "refresh_replayed", "replayed")
	wantEnded(t, k, third.Session)
	wantRefused(t, k, third.RefreshToken, "refresh", "session_unknown")
	wantStored(t, k, other.Session) // another family has no part in it
}

// After a power cut the store may know less than the client: a token that we made is believed, and is the newest.
func TestRefreshWithANewerGeneration(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	first := signIn(t, k, attempt("ada"), profileTerms())
	second := mustRefresh(t, k, first.RefreshToken)
	third := mustRefresh(t, k, second.RefreshToken)
	forget := func() {
		if err := errors.Join(k.Store.EndSession(t.Context(), "ada", first.Session.ID), k.Store.PutSession(t.Context(), first.Session)); err != nil {
			t.Fatal(err)
		}
	}
	forget()
	if g := mustRefresh(t, k, third.RefreshToken); g.Session.Generation != 4 {
		t.Errorf("generation %d after the third, want 4", g.Session.Generation)
	}
	if g := mustRefresh(t, k, third.RefreshToken); g.Session.Generation != 4 {
		t.Errorf("generation %d in the grace, want 4 again", g.Session.Generation)
	}
	wantRefused(t, k, second.RefreshToken, "refresh_replayed", "replayed")
	wantEnded(t, k, first.Session)
}

func TestRefreshToTheMillisecond(t *testing.T) {
	for _, test := range []struct {
		name  string
		waits []time.Duration // before each refresh
		lives bool            // after the last of them
	}{
		{"idle, just in time", []time.Duration{7*day - time.Millisecond}, true},
		{"idle, too late", []time.Duration{7 * day}, false},
		{"each refresh begins a new week", []time.Duration{6 * day, 6 * day, 7*day - time.Millisecond}, true},
		{"and ends with it", []time.Duration{6 * day, 6 * day, 7 * day}, false},
		{"90 days, just in time", append(weekly(14), 6*day-time.Millisecond), true},
		{"90 days, too late", append(weekly(14), 6*day), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g := signIn(t, k, attempt("ada"), profileTerms())
			first := g.Session
			for i, wait := range test.waits {
				k.Clock.Advance(wait)
				if i == len(test.waits)-1 && !test.lives {
					wantRefused(t, k, g.RefreshToken, "refresh", "expired")
					wantEnded(t, k, g.Session)
					return
				}
				g = mustRefresh(t, k, g.RefreshToken)
				if life := min(7*day, first.CreatedAt.Add(90*day).Sub(k.Clock.Now())); g.RefreshLife != life {
					t.Errorf("refresh %d lives %v, want %v", i, g.RefreshLife, life)
				}
			}
			wantStored(t, k, g.Session)
		})
	}
}

// weekly returns n waits of six days.
func weekly(n int) (waits []time.Duration) {
	for range n {
		waits = append(waits, 6*day)
	}
	return waits
}

// A shorter SESSION_MAX applies to open sessions too.
func TestRefreshUnderAShorterMaximum(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := signIn(t, k, attempt("ada"), profileTerms())
	k.Clock.Advance(5 * day)
	shorter := rules()
	shorter.SessionIdle, shorter.SessionMax = 2*day, 5*day
	if _, err := k.Sessions(shorter).Refresh(t.Context(), g.RefreshToken, refreshSource(), day); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("error %v, want ErrNoSession", err)
	}
	wantAudit(t, k, "refresh", "refused", "expired")
	wantEnded(t, k, g.Session)
}

func TestRefreshReadsTheUserAgain(t *testing.T) {
	for _, test := range []struct {
		name, reason string // no reason: it goes on
		change       func(*auth.User)
	}{
		{"disabled", "not_ready", func(u *auth.User) { u.Status = auth.StatusDisabled }},
		{"pending", "not_ready", func(u *auth.User) { u.Status = auth.StatusPending }},
		{"password changed", "password_changed", func(u *auth.User) { u.PasswordEpoch++ }},
		{"password set back", "password_changed", func(u *auth.User) { u.PasswordEpoch-- }},
		{"password rehashed", "", func(u *auth.User) { u.PasswordHash = "another" }},
		{"role changed", "", func(u *auth.User) { u.Role = "chief" }},
		{"role lost", "", func(u *auth.User) { u.Role = "" }},
		{"address changed", "", func(u *auth.User) { u.Email, u.Identifier = "a@example.org", authtest.Identifier("a@example.org") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g := signIn(t, k, attempt("ada"), profileTerms())
			k.Update(t, "ada", test.change)
			if test.reason != "" {
				wantRefused(t, k, g.RefreshToken, "refresh", test.reason)
				wantEnded(t, k, g.Session) // what is put back later does not bring it back
				return
			}
			g = mustRefresh(t, k, g.RefreshToken)
			want := []string{}
			if g.User.Role != "" {
				want = append(want, g.User.Role)
			}
			if d := cmp.Diff(want, k.Claims(t, g.AccessToken).Roles); d != "" {
				t.Errorf("roles differ (-want +got):\n%s", d)
			}
		})
	}
}

func TestRefreshOfAUserWhoIsGone(t *testing.T) {
	k := authtest.NewKit(t)
	ghost := auth.Session{
		ID: "s1", UserID: "ghost", Nonce: "n", Generation: 1, CreatedAt: authtest.Start(), ExpiresAt: authtest.Start().Add(day),
	}
	if err := k.Store.PutSession(t.Context(), ghost); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, k, genuine(t, k, ghost, "n"), "refresh", "session_unknown")
}

// A token that we did not make, for a session that cannot be refreshed, would need no secret but the MAC key's.
func TestRefreshOfSessionsThatCannotBe(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	integration, impersonation := attempt("ada"), attempt("margaret")
	integration.APIKey = k.Client(t, auth.ClientIntegration, false)
	impersonation.Impersonate = authtest.Identifier("ada@example.com")
	for name, g := range map[string]auth.Grant{
		"integration":   signIn(t, k, integration, profileTerms()),
		"impersonation": signIn(t, k, impersonation, profileTerms()),
		"organization":  signIn(t, k, attempt("grace"), accountTerms()),
	} {
		t.Run(name, func(t *testing.T) {
			if g.RefreshToken != "" || g.Session.Nonce != "" {
				t.Fatal("it was given a refresh token")
			}
			for _, generation := range []int64{0, 1, 2} {
				s := g.Session
				s.Generation = generation
				want := "forged"
				if generation == 0 {
					want = "malformed"
				}
				wantRefused(t, k, genuine(t, k, s, ""), "refresh", want)
			}
			wantStored(t, k, g.Session)
		})
	}
}

func TestRefreshFailsByOurFault(t *testing.T) {
	for _, fault := range []error{errors.New("disk on fire"), auth.ErrUnavailable, context.DeadlineExceeded} {
		for _, failing := range []string{"SessionAndUser", "MAC 1", "MAC 2", "Sign", "RotateSession"} {
			t.Run(failing+" "+fault.Error(), func(t *testing.T) {
				k := authtest.NewKit(t, authtest.Ada())
				g := signIn(t, k, attempt("ada"), profileTerms())
				k.Before(failAt(failing, fault))
				got, err := refresh(t, k, g.RefreshToken)
				if !errors.Is(err, fault) || errors.Is(err, auth.ErrNoSession) || got.AccessToken != "" || got.RefreshToken != "" {
					t.Errorf("error %v, want one that is %v, and no token", err, fault)
				}
				wantAudit(t, k, "refresh", "failed", "unavailable")
				k.Before(nil)
				wantStored(t, k, g.Session)
				k.Clock.Advance(day) // the old token is still the newest, however late it comes again
				mustRefresh(t, k, g.RefreshToken)
			})
		}
	}
}

// failAt fails one call: by its name, or by its name and how many there were of it.
func failAt(failing string, fault error) func(string) error {
	macs := 0
	return func(call string) error {
		if call == "MAC" {
			macs++
			call = fmt.Sprintf("MAC %d", macs)
		}
		if call == failing {
			return fault
		}
		return nil
	}
}

// A grace that fails is our fault as well, and no refusal.
func TestRefreshInTheGraceFailsByOurFault(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	first := signIn(t, k, attempt("ada"), profileTerms())
	second := mustRefresh(t, k, first.RefreshToken)
	k.Log.Audit(t)
	k.Before(failAt("Sign", errors.New("disk on fire")))
	if _, err := refresh(t, k, first.RefreshToken); err == nil || errors.Is(err, auth.ErrNoSession) {
		t.Errorf("error %v, want our fault", err)
	}
	wantAudit(t, k, "refresh", "failed", "unavailable")
	wantStored(t, k, second.Session)
}

// Where the end of a replayed session cannot be stored, nobody is told that it ended.
func TestRefreshCannotEndAReplayedSession(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	first := signIn(t, k, attempt("ada"), profileTerms())
	mustRefresh(t, k, first.RefreshToken)
	k.Clock.Advance(time.Hour)
	k.Log.Audit(t)
	k.Before(failAt("EndSession", auth.ErrUnavailable))
	if _, err := refresh(t, k, first.RefreshToken); !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrNoSession) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
	wantAudit(t, k, "refresh_replayed", "failed", "unavailable")
	k.Before(nil)
	wantRefused(t, k, first.RefreshToken, "refresh_replayed", "replayed")
	wantEnded(t, k, first.Session)
}

func TestRefreshThatAlwaysLosesTheRace(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := signIn(t, k, attempt("ada"), profileTerms())
	k.Before(failAt("RotateSession", auth.ErrConflict))
	if _, err := refresh(t, k, g.RefreshToken); !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrNoSession) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
	wantAudit(t, k, "refresh", "failed", "unavailable")
	wantStored(t, k, g.Session)
}

// What ends between the read and the write stays ended.
func TestRefreshOfASessionThatEndsMeanwhile(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := signIn(t, k, attempt("ada"), profileTerms())
	k.Before(func(call string) error {
		if call == "RotateSession" {
			return k.Store.EndSessions(t.Context(), "ada", "")
		}
		return nil
	})
	wantRefused(t, k, g.RefreshToken, "refresh", "session_unknown")
	wantEnded(t, k, g.Session)
}

func TestRefreshWhenTheCallerIsGone(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := signIn(t, k, attempt("ada"), profileTerms())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Sessions(rules()).Refresh(ctx, g.RefreshToken, refreshSource(), day); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	wantAudit(t, k, "refresh", "failed", "canceled")
	wantStored(t, k, g.Session)
}

// A clock that was set back shortens nothing for the newest token.
func TestRefreshAfterTheClockWasSetBack(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := signIn(t, k, attempt("ada"), profileTerms())
	for range 3 {
		k.Clock.Advance(-time.Hour)
		g = mustRefresh(t, k, g.RefreshToken)
		if g.RefreshLife != 7*day || !g.Session.RotatedAt.Equal(k.Clock.Now()) {
			t.Errorf("it lives %v from %v, want 7 days from %v", g.RefreshLife, g.Session.RotatedAt, k.Clock.Now())
		}
	}
}
