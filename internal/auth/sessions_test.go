package auth_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// impersonated signs margaret in as ada.
func impersonated(t *testing.T, k *authtest.Kit) auth.Grant {
	t.Helper()
	a := attempt("margaret")
	a.Impersonate = authtest.Identifier("ada@example.com")
	return signIn(t, k, a, profileTerms())
}

func caller(t *testing.T, k *authtest.Kit, g auth.Grant) auth.Caller {
	t.Helper()
	c, err := k.Sessions(rules()).Authenticate(t.Context(), g.AccessToken)
	if err != nil {
		t.Fatalf("authenticate: %v", err)
	}
	k.Calls()
	return c
}

func TestAuthenticate(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	integration := attempt("ada")
	integration.APIKey = k.Client(t, auth.ClientIntegration, false)
	for name, g := range map[string]auth.Grant{
		"profile":       signIn(t, k, attempt("ada"), profileTerms()),
		"organization":  signIn(t, k, attempt("grace"), accountTerms()),
		"integration":   signIn(t, k, integration, profileTerms()),
		"impersonation": impersonated(t, k),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := k.Sessions(rules()).Authenticate(t.Context(), g.AccessToken)
			if err != nil || c.User.ID != g.User.ID || c.Session.ID != g.Session.ID || c.Session.ActorID != g.Session.ActorID {
				t.Errorf("error %v, user %q, session %+v", err, c.User.ID, c.Session)
			}
			calls := []string{"VerifyToken", "SessionAndUser"}
			if c.Session.ActorID != "" {
				calls = append(calls, "SessionAndUser") // of the impersonator
			}
			if d := cmp.Diff(calls, k.Calls()); d != "" {
				t.Errorf("one read for each user (-want +got):\n%s", d)
			}
		})
	}
	if records := k.Log.Audit(t); len(records) > 0 {
		t.Errorf("who only looks is audited: %v", records)
	}
}

func TestAuthenticateRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		after func(t *testing.T, k *authtest.Kit, g auth.Grant)
	}{
		{"signed out", func(t *testing.T, k *authtest.Kit, g auth.Grant) {
			if err := byAccess(k, g, false); err != nil {
				t.Error(err)
			}
		}},
		{"replayed", func(t *testing.T, k *authtest.Kit, g auth.Grant) {
			mustRefresh(t, k, g.RefreshToken)
			k.Clock.Advance(time.Hour)
			wantRefused(t, k, g.RefreshToken, "refresh_replayed", "replayed")
		}},
		{"password changed", func(t *testing.T, k *authtest.Kit, _ auth.Grant) {
			k.Update(t, "ada", func(u *auth.User) { u.PasswordEpoch++ })
		}},
		{"disabled", func(t *testing.T, k *authtest.Kit, _ auth.Grant) {
			k.Update(t, "ada", func(u *auth.User) { u.Status = auth.StatusDisabled })
		}},
		{"pending", func(t *testing.T, k *authtest.Kit, _ auth.Grant) {
			k.Update(t, "ada", func(u *auth.User) { u.Status = auth.StatusPending })
		}},
		{"the token has expired", func(_ *testing.T, k *authtest.Kit, _ auth.Grant) { k.Clock.Advance(day) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g := signIn(t, k, attempt("ada"), profileTerms())
			test.after(t, k, g)
			c, err := k.Sessions(rules()).Authenticate(t.Context(), g.AccessToken)
			if !errors.Is(err, auth.ErrNoSession) || errors.Is(err, auth.ErrUnavailable) || c.User.ID != "" {
				t.Errorf("error %v, want ErrNoSession, and nobody: %+v", err, c)
			}
		})
	}
}

// The session may end before its token does, to the millisecond.
func TestAuthenticateUntilTheSessionEnds(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	short := rules()
	short.SessionIdle, short.SessionMax = time.Hour, time.Hour
	g, err := k.Service(short).Login(t.Context(), attempt("ada"), profileTerms())
	if err != nil {
		t.Fatal(err)
	}
	keep(k, g)
	k.Clock.Advance(time.Hour - time.Millisecond)
	caller(t, k, g)
	k.Clock.Advance(time.Millisecond)
	if _, err := k.Sessions(short).Authenticate(t.Context(), g.AccessToken); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("error %v, want ErrNoSession", err)
	}
}

func TestAuthenticateWithAnythingElse(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := signIn(t, k, attempt("ada"), profileTerms())
	header, rest, _ := strings.Cut(g.AccessToken, ".")
	claims := k.Claims(t, g.AccessToken)
	without := claims
	without.SessionID = ""
	foreign := claims
	foreign.Subject = "grace"
	signed := func(c auth.Claims) string {
		token, _, err := k.Keyring.Sign(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for name, token := range map[string]string{
		"nothing": "", "a refresh token": g.RefreshToken, "half of it": header + "." + rest[:20], "with a space": " " + g.AccessToken,
		"without a session": signed(without), "another user's session": signed(foreign),
	} {
		if _, err := k.Sessions(rules()).Authenticate(t.Context(), token); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("%s: error %v, want ErrNoSession", name, err)
		}
	}
}

// Our own fault is never told as if the caller were not signed in, and ends nothing.
func TestSessionsFailByOurFault(t *testing.T) {
	type call func(s *auth.Sessions, ctx context.Context, c auth.Caller, g auth.Grant) error
	signOut := func(all bool) call {
		return func(s *auth.Sessions, ctx context.Context, _ auth.Caller, g auth.Grant) error {
			return s.SignOut(ctx, auth.Credentials{Access: []string{g.AccessToken}}, all, refreshSource())
		}
	}
	byRefresh := func(all bool) call {
		return func(s *auth.Sessions, ctx context.Context, _ auth.Caller, g auth.Grant) error {
			return s.SignOut(ctx, auth.Credentials{Refresh: []string{g.RefreshToken}}, all, refreshSource())
		}
	}
	authenticate := func(s *auth.Sessions, ctx context.Context, _ auth.Caller, g auth.Grant) error {
		_, err := s.Authenticate(ctx, g.AccessToken)
		return err
	}
	end := func(s *auth.Sessions, ctx context.Context, c auth.Caller, g auth.Grant) error {
		return s.End(ctx, c, g.Session.ID, refreshSource())
	}
	list := func(s *auth.Sessions, ctx context.Context, c auth.Caller, _ auth.Grant) error {
		_, _, err := s.List(ctx, c.User, "")
		return err
	}
	for _, test := range []struct {
		name, failing, event string // no event: not audited
		call                 call
	}{
		{"authenticate", "VerifyToken", "", authenticate},
		{"authenticate", "SessionAndUser", "", authenticate},
		{"sign out", "EndSession", "logout", signOut(false)},
		{"sign out of all", "EndSessions", "logout_all", signOut(true)},
		{"by refresh", "SessionAndUser", "logout", byRefresh(false)},
		{"by refresh", "MAC", "logout", byRefresh(false)},
		{"by refresh", "EndSession", "logout", byRefresh(false)},
		{"by refresh of all", "EndSessions", "logout_all", byRefresh(true)},
		{"list", "SessionsOf", "", list},
		{"end", "SessionAndUser", "session_end", end},
		{"end", "EndSession", "session_end", end},
	} {
		t.Run(test.name+", "+test.failing, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g := signIn(t, k, attempt("ada"), profileTerms())
			c := caller(t, k, g)
			k.Before(func(call string) error {
				if call == test.failing {
					return auth.ErrUnavailable
				}
				return nil
			})
			err := test.call(k.Sessions(rules()), t.Context(), c, g)
			if !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrNoSession) || errors.Is(err, auth.ErrNotFound) {
				t.Errorf("error %v, want ErrUnavailable alone", err)
			}
			if test.event != "" {
				wantAudit(t, k, test.event, "failed", "unavailable")
			}
			wantStored(t, k, g.Session)
		})
	}
}

func TestSignOut(t *testing.T) {
	for _, test := range []struct {
		name, event string
		all         bool
		call        func(k *authtest.Kit, g auth.Grant, all bool) error
	}{
		{"by access token", "logout", false, byAccess},
		{"by access token, all", "logout_all", true, byAccess},
		{"by refresh token", "logout", false, byRefreshToken},
		{"by refresh token, all", "logout_all", true, byRefreshToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g, second := signIn(t, k, attempt("ada"), profileTerms()), signIn(t, k, attempt("ada"), profileTerms())
			other := signIn(t, k, attempt("grace"), profileTerms())
			if err := test.call(k, g, test.all); err != nil {
				t.Fatal(err)
			}
			record := map[string]any{
				"level": "INFO", "event": test.event, "outcome": "success", "reason": "ok", "user": "ada",
				"session": g.Session.ID, "source": "198.51.100.9", "contract": "session",
			}
			if d := cmp.Diff([]map[string]any{record}, k.Log.Audit(t)); d != "" {
				t.Errorf("the audit differs (-want +got):\n%s", d)
			}
			wantEnded(t, k, g.Session)
			wantStored(t, k, other.Session)
			if test.all {
				wantEnded(t, k, second.Session)
			} else {
				wantStored(t, k, second.Session)
			}
			if err := test.call(k, g, test.all); !errors.Is(err, auth.ErrNoSession) {
				t.Errorf("signing out twice: %v, want ErrNoSession", err)
			}
		})
	}
}

func byAccess(k *authtest.Kit, g auth.Grant, all bool) error {
	return k.Sessions(rules()).SignOut(context.Background(), auth.Credentials{Access: []string{g.AccessToken}}, all, refreshSource())
}

func byRefreshToken(k *authtest.Kit, g auth.Grant, all bool) error {
	return k.Sessions(rules()).SignOut(context.Background(), auth.Credentials{Refresh: []string{g.RefreshToken}}, all, refreshSource())
}

// An old refresh token may be in a thief's hands: it never ends more than the session that it is of.
func TestSignOutByATokenThatIsNotGood(t *testing.T) {
	for _, test := range []struct {
		name, event, reason string
		ends                bool // the token's own session
		token               func(t *testing.T, k *authtest.Kit, g auth.Grant) string
	}{
		{"none", "logout_all", "malformed", false, func(*testing.T, *authtest.Kit, auth.Grant) string { return "" }},
		{"forged", "logout_all", "forged", false, func(_ *testing.T, _ *authtest.Kit, g auth.Grant) string {
			return encoded(payload("ada", g.Session.ID, 1), make([]byte, 32))
		}},
		{"of no session", "logout_all", "session_unknown", false, func(t *testing.T, k *authtest.Kit, g auth.Grant) string {
			g.Session.ID = "unknown"
			return genuine(t, k, g.Session, g.Session.Nonce)
		}},
		{"replayed", "refresh_replayed", "replayed", true, func(t *testing.T, k *authtest.Kit, g auth.Grant) string {
			mustRefresh(t, k, g.RefreshToken)
			k.Clock.Advance(time.Hour)
			return g.RefreshToken
		}},
		{"expired", "logout_all", "expired", true, func(_ *testing.T, k *authtest.Kit, g auth.Grant) string {
			k.Clock.Advance(7 * day)
			return g.RefreshToken
		}},
		{"password changed", "logout_all", "password_changed", true, func(t *testing.T, k *authtest.Kit, g auth.Grant) string {
			k.Update(t, "ada", func(u *auth.User) { u.PasswordEpoch++ })
			return g.RefreshToken
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g := signIn(t, k, attempt("ada"), profileTerms())
			token := test.token(t, k, g)
			later := signIn(t, k, attempt("ada"), profileTerms()) // under the new password, if it changed
			err := k.Sessions(rules()).SignOut(t.Context(), auth.Credentials{Refresh: []string{token}}, true, refreshSource())
			if !errors.Is(err, auth.ErrNoSession) {
				t.Errorf("error %v, want ErrNoSession", err)
			}
			wantAudit(t, k, test.event, "refused", test.reason)
			wantStored(t, k, later.Session)
			if test.ends {
				wantEnded(t, k, g.Session)
			} else {
				wantStored(t, k, g.Session)
			}
		})
	}
}

// An impersonator may end the impersonation and nothing else.
func TestImpersonatedCallers(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	own, g := signIn(t, k, attempt("ada"), profileTerms()), impersonated(t, k)
	c, sessions := caller(t, k, g), k.Sessions(rules())
	for event, err := range map[string]error{
		"logout_all":  byAccess(k, g, true),
		"session_end": sessions.End(t.Context(), c, own.Session.ID, refreshSource()),
	} {
		if !errors.Is(err, auth.ErrImpersonation) {
			t.Errorf("%s: error %v, want ErrImpersonation", event, err)
		}
	}
	for _, r := range k.Log.Audit(t) {
		if r["outcome"] != "refused" || r["reason"] != "not_allowed" || r["actor"] != "margaret" || r["user"] != "ada" {
			t.Errorf("audit %v, want a refusal that names both", r)
		}
	}
	wantStored(t, k, own.Session)
	if err := byAccess(k, g, false); err != nil {
		t.Error(err)
	}
	if records := k.Log.Audit(t); len(records) != 1 || records[0]["actor"] != "margaret" || records[0]["session"] != g.Session.ID {
		t.Errorf("audit %v, want one logout by margaret", records)
	}
	wantEnded(t, k, g.Session)
	wantEnded(t, k, record(g.Session))

	g = impersonated(t, k)
	if err := sessions.End(t.Context(), caller(t, k, g), g.Session.ID, refreshSource()); err != nil {
		t.Error(err)
	}
	wantEnded(t, k, g.Session)
	wantEnded(t, k, record(g.Session))
	wantStored(t, k, own.Session)
}

// record is the impersonator's session of an impersonation by margaret.
func record(s auth.Session) auth.Session {
	s.UserID, s.ActorID, s.TargetID = "margaret", "", s.UserID
	return s
}

func TestList(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	var want []string
	for range 3 {
		want = append(want, signIn(t, k, attempt("ada"), profileTerms()).Session.ID)
		k.Clock.Advance(day)
	}
	k.Clock.Advance(4*day - time.Millisecond) // the first has 1 ms left
	signIn(t, k, attempt("grace"), profileTerms())
	g := signIn(t, k, attempt("ada"), profileTerms())
	want = append(want, g.Session.ID, impersonated(t, k).Session.ID)
	slices.Reverse(want[:3])
	c := caller(t, k, g)
	wantListed(t, k, c, append(slices.Clone(want[3:]), want[:3]...))

	k.Clock.Advance(time.Millisecond)
	wantListed(t, k, c, append(slices.Clone(want[3:]), want[:2]...))
	c.User.PasswordEpoch++
	wantListed(t, k, c, nil)
	if records := k.Log.Audit(t); len(records) > 0 {
		t.Errorf("who only looks is audited: %v", records)
	}
}

// wantListed compares ids, those that began together in any order.
func wantListed(t *testing.T, k *authtest.Kit, c auth.Caller, want []string) {
	t.Helper()
	list, next, err := k.Sessions(rules()).List(t.Context(), c.User, "")
	if next != "" {
		t.Errorf("the cursor is %q, want none", next)
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, s := range list {
		got = append(got, s.ID)
		if i > 0 && s.CreatedAt.After(list[i-1].CreatedAt) {
			t.Errorf("%d is newer than the one before it", i)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the list differs (-want +got):\n%s", d)
	}
}

func TestEnd(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g, second := signIn(t, k, attempt("ada"), profileTerms()), signIn(t, k, attempt("ada"), profileTerms())
	foreign := signIn(t, k, attempt("grace"), profileTerms())
	c, sessions := caller(t, k, g), k.Sessions(rules())
	if err := sessions.End(t.Context(), c, second.Session.ID, refreshSource()); err != nil {
		t.Fatal(err)
	}
	record := map[string]any{
		"level": "INFO", "event": "session_end", "outcome": "success", "reason": "ok", "user": "ada",
		"session": second.Session.ID, "source": "198.51.100.9", "contract": "session",
	}
	if d := cmp.Diff([]map[string]any{record}, k.Log.Audit(t)); d != "" {
		t.Errorf("the audit differs (-want +got):\n%s", d)
	}
	wantEnded(t, k, second.Session)

	// An id that is not one of the caller's sessions may be any text, even a token, and is not logged.
	for name, id := range map[string]string{
		"foreign": foreign.Session.ID, "ended": second.Session.ID, "empty": "", "a token": g.RefreshToken, "another key's": "\x00SESSION#",
	} {
		if err := sessions.End(t.Context(), c, id, refreshSource()); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s: error %v, want ErrNotFound", name, err)
		}
		records := k.Log.Audit(t)
		if len(records) != 1 || records[0]["reason"] != "not_found" || records[0]["user"] != "ada" || records[0]["session"] != nil {
			t.Errorf("%s: audit %v, want one refusal without the id", name, records)
		}
	}
	wantStored(t, k, foreign.Session)
	wantStored(t, k, g.Session)
}
