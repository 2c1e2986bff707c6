package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestRolesAreCurrent promises that a caller has the roles and the organization that the user has now, not those of the
// token, and no session if the account that it speaks for is gone or no longer qualifies.
func TestRolesAreCurrent(t *testing.T) {
	const owner, admin = "Organization Owner", "Organization Admin"
	account := func(org, userType string, selected bool) auth.Account {
		return auth.Account{ID: "a-" + org + userType, OrganizationID: org, OrganizationName: org, UserType: userType, IsSelected: selected}
	}
	for _, test := range []struct {
		name   string
		terms  auth.Terms
		change func(u *auth.User)
		want   []string // nil: no session
		org    string
	}{
		{"unchanged", accountTerms(), func(*auth.User) {}, []string{"user", owner}, "org-1"},
		{"another role", accountTerms(), func(u *auth.User) { u.Role = "guest" }, []string{"guest", owner}, "org-1"},
		{"no role", accountTerms(), func(u *auth.User) { u.Role = "" }, []string{owner}, "org-1"},
		{"another qualifying type", accountTerms(), func(u *auth.User) { u.Accounts[0].UserType = admin }, []string{"user", admin}, "org-1"},
		{"no qualifying type", accountTerms(), func(u *auth.User) { u.Accounts[0].UserType = "Member" }, nil, ""},
		{"no account", accountTerms(), func(u *auth.User) { u.Accounts = nil }, nil, ""},
		{"only another organization", accountTerms(), func(u *auth.User) { u.Accounts = u.Accounts[1:] }, nil, ""},
		{"another choice", accountTerms(), func(u *auth.User) { u.Accounts[0].IsSelected, u.Accounts[1].IsSelected = false, true }, []string{"user", owner}, "org-1"},
		{"a second account there", accountTerms(), func(u *auth.User) {
			u.Accounts = append([]auth.Account{account("org-1", "Member", false)}, u.Accounts...)
		}, []string{"user", owner}, "org-1"},
		{"a contract without accounts", profileTerms(), func(u *auth.User) { u.Role, u.Accounts = "guest", nil }, []string{"guest"}, ""},
		{"a contract without accounts, no role", profileTerms(), func(u *auth.User) { u.Role = "" }, []string{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := authtest.NewUser("edith")
			u.Role, u.Accounts = "user", []auth.Account{account("org-1", owner, true), account("org-2", owner, false)}
			k := authtest.NewKit(t, u)
			g := signIn(t, k, attempt("edith"), test.terms)
			k.Update(t, "edith", test.change)
			c, err := k.Sessions(rules()).Authenticate(t.Context(), g.AccessToken)
			if test.want == nil {
				if !errors.Is(err, auth.ErrNoSession) || errors.Is(err, auth.ErrUnavailable) {
					t.Errorf("error %v, want ErrNoSession", err)
				}
				return
			}
			if d := cmp.Diff(auth.Access{Roles: test.want, Org: test.org}, c.Access); err != nil || d != "" {
				t.Errorf("error %v, access differs (-want +got):\n%s", err, d)
			}
		})
	}
}

// TestOrganizationOfOldSessions promises the check for sessions that were stored without their organization.
func TestOrganizationOfOldSessions(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := signIn(t, k, attempt("grace"), accountTerms())
	old := g.Session
	old.Org, old.AccessLife = "", 0
	if err := errors.Join(k.Store.EndSession(t.Context(), "grace", old.ID), k.Store.PutSession(t.Context(), old)); err != nil {
		t.Fatal(err)
	}
	if c := caller(t, k, g); c.Org != g.Session.Org || c.Org == "" {
		t.Errorf("the organization is %q, want %q", c.Org, g.Session.Org)
	}
	k.Update(t, "grace", func(u *auth.User) { u.Accounts = nil })
	if _, err := k.Sessions(rules()).Authenticate(t.Context(), g.AccessToken); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("error %v, want ErrNoSession", err)
	}
}

// TestRefreshOfAContract promises that a refresh keeps what a contract grants: the life of its access tokens, its roles and
// its organization; and that it ends the session when the contract's gate no longer lets the user in.
func TestRefreshOfAContract(t *testing.T) {
	terms := auth.Terms{Contract: "third", AccessLife: 15 * time.Minute, Refreshable: true, QualifyingAccount: true}
	k := authtest.NewKit(t, users()...)
	first := signIn(t, k, attempt("grace"), terms)
	second := mustRefresh(t, k, first.RefreshToken)
	before, after := k.Claims(t, first.AccessToken), k.Claims(t, second.AccessToken)
	before.ID, after.ID = "", ""
	if d := cmp.Diff(before, after); d != "" || second.AccessLife != 15*time.Minute || after.Org == "" {
		t.Errorf("life %v, the claims differ (-want +got):\n%s", second.AccessLife, d)
	}
	k.Update(t, "grace", func(u *auth.User) { u.Accounts[0].UserType = "Member" })
	wantRefused(t, k, second.RefreshToken, "refresh", "wrong_role")
	wantEnded(t, k, second.Session)
}

// TestImpersonationEnds promises that an impersonation ends with what it depends on: the impersonator may sign in, has the
// role and was not signed out, and the target may be impersonated.
func TestImpersonationEnds(t *testing.T) {
	update := func(userID string, change func(*auth.User)) func(*testing.T, *authtest.Kit, auth.Session) error {
		return func(t *testing.T, k *authtest.Kit, _ auth.Session) error { k.Update(t, userID, change); return nil }
	}
	for _, test := range []struct {
		name   string
		change func(t *testing.T, k *authtest.Kit, s auth.Session) error
		ends   bool
	}{
		{"nothing", update("ada", func(*auth.User) {}), false},
		{"impersonator disabled", update("margaret", func(u *auth.User) { u.Status = auth.StatusDisabled }), true},
		{"impersonator's password changed", update("margaret", func(u *auth.User) { u.PasswordEpoch++ }), true},
		{"impersonator lost the role", update("margaret", func(u *auth.User) { u.Role = "user" }), true},
		{"target disabled", update("ada", func(u *auth.User) { u.Status = auth.StatusDisabled }), true},
		{"target may impersonate now", update("ada", func(u *auth.User) { u.Role = "support" }), true},
		{"impersonator signed out everywhere", func(t *testing.T, k *authtest.Kit, _ auth.Session) error {
			return k.Store.EndSessions(t.Context(), "margaret", "")
		}, true},
		{"impersonator deleted", func(t *testing.T, k *authtest.Kit, _ auth.Session) error {
			return k.Store.DeleteUser(t.Context(), "margaret")
		}, true},
		{"target signed out everywhere", func(t *testing.T, k *authtest.Kit, _ auth.Session) error {
			return k.Store.EndSessions(t.Context(), "ada", "")
		}, true},
		{"another session of the impersonator ended", func(t *testing.T, k *authtest.Kit, _ auth.Session) error {
			own := signIn(t, k, attempt("margaret"), profileTerms())
			return byAccess(k, own, false)
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g := impersonated(t, k)
			if err := test.change(t, k, g.Session); err != nil {
				t.Fatal(err)
			}
			_, err := k.Sessions(rules()).Authenticate(t.Context(), g.AccessToken)
			if test.ends != errors.Is(err, auth.ErrNoSession) || !test.ends && err != nil {
				t.Errorf("error %v, want the end: %t", err, test.ends)
			}
		})
	}
}

// TestImpersonationIsListed promises that both users see an impersonation as such, and that each can end it.
func TestImpersonationIsListed(t *testing.T) {
	for _, ending := range []string{"ada", "margaret"} {
		k := authtest.NewKit(t, users()...)
		g := impersonated(t, k)
		callers := map[string]auth.Caller{}
		for name, want := range map[string]auth.Session{"ada": {ActorID: "margaret"}, "margaret": {TargetID: "ada"}} {
			callers[name] = caller(t, k, signIn(t, k, attempt(name), profileTerms()))
			live, _, err := k.Sessions(rules()).List(t.Context(), callers[name].User, "")
			if err != nil || len(live) != 2 {
				t.Fatalf("%s has %d sessions, %v", name, len(live), err)
			}
			marked := 0
			for _, s := range live {
				if s.ID == g.Session.ID && s.ActorID == want.ActorID && s.TargetID == want.TargetID {
					marked++
				}
			}
			if marked != 1 {
				t.Errorf("%s sees %+v, want one impersonation", name, live)
			}
		}
		if err := k.Sessions(rules()).End(t.Context(), callers[ending], g.Session.ID, refreshSource()); err != nil {
			t.Errorf("%s ends it: %v", ending, err)
		}
		wantEnded(t, k, g.Session)
		wantEnded(t, k, record(g.Session))
	}
}

// TestRecordsGiveNoAccess promises that the impersonator's record of an impersonation is not a sign-in.
func TestRecordsGiveNoAccess(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := impersonated(t, k)
	claims := k.Claims(t, g.AccessToken)
	claims.Subject, claims.Actor = "margaret", ""
	token, _, err := k.Keyring.Sign(t.Context(), claims)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Sessions(rules()).Authenticate(t.Context(), token); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("error %v, want ErrNoSession", err)
	}
}

// TestSignOutWithSeveralTokens promises that each session whose token is valid ends, once, and that invalid ones do not
// matter.
func TestSignOutWithSeveralTokens(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	ada, grace := signIn(t, k, attempt("ada"), profileTerms()), signIn(t, k, attempt("grace"), profileTerms())
	stale, kept := signIn(t, k, attempt("ada"), profileTerms()), signIn(t, k, attempt("ada"), profileTerms())
	err := k.Sessions(rules()).SignOut(t.Context(), auth.Credentials{
		Access: []string{"x", ada.AccessToken, ada.AccessToken}, Refresh: []string{"", ada.RefreshToken, grace.RefreshToken, stale.RefreshToken},
	}, false, refreshSource())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []auth.Grant{ada, grace, stale} {
		wantEnded(t, k, g.Session)
	}
	wantStored(t, k, kept.Session)
	ended := map[any]int{}
	for _, r := range k.Log.Audit(t) {
		if r["outcome"] == "success" {
			ended[r["session"]]++
		}
	}
	if d := cmp.Diff(map[any]int{ada.Session.ID: 1, grace.Session.ID: 1, stale.Session.ID: 1}, ended); d != "" {
		t.Errorf("the audit differs (-want +got):\n%s", d)
	}
	later := signIn(t, k, attempt("grace"), profileTerms())
	if err := k.Sessions(rules()).SignOut(t.Context(), auth.Credentials{Access: []string{kept.AccessToken, later.AccessToken}}, true, refreshSource()); err != nil {
		t.Fatal(err)
	}
	wantEnded(t, k, kept.Session)
	wantEnded(t, k, later.Session)
}

// TestRefreshRetry promises that a client that lost the answer gets the same successor until the limit, as long as nobody
// used that successor.
func TestRefreshRetry(t *testing.T) {
	const retry = 10 * time.Minute
	for _, test := range []struct {
		name   string
		limits [2]time.Duration // grace, retry
		wait   time.Duration
		used   bool // the successor
		reason string
	}{
		{"within the grace", [2]time.Duration{grace, retry}, grace - time.Millisecond, false, "grace"},
		{"after the grace", [2]time.Duration{grace, retry}, grace, false, "retry"},
		{"at the end of the limit", [2]time.Duration{grace, retry}, retry - time.Millisecond, false, "retry"},
		{"after the limit", [2]time.Duration{grace, retry}, retry, false, "replayed"},
		{"the successor was used", [2]time.Duration{grace, retry}, grace, true, "replayed"},
		{"the successor was used at once", [2]time.Duration{grace, retry}, 0, true, "replayed"},
		{"without a grace", [2]time.Duration{0, retry}, 0, false, "retry"},
		{"without a limit", [2]time.Duration{grace, 0}, grace, false, "replayed"},
		{"a limit below the grace", [2]time.Duration{grace, time.Second}, grace - time.Millisecond, false, "grace"},
		{"the clock was corrected", [2]time.Duration{grace, retry}, -time.Minute, false, "retry"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			first := signIn(t, k, attempt("ada"), profileTerms())
			r := rules()
			r.SessionIdle, r.SessionMax, r.RefreshGrace, r.RefreshRetry = 7*day, 90*day, test.limits[0], test.limits[1]
			sessions := k.Sessions(r)
			second, err := sessions.Refresh(t.Context(), first.RefreshToken, refreshSource(), day)
			if err != nil {
				t.Fatal(err)
			}
			k.Clock.Advance(test.wait)
			if test.used {
				if _, err := sessions.Refresh(t.Context(), second.RefreshToken, refreshSource(), day); err != nil {
					t.Fatal(err)
				}
			}
			k.Log.Audit(t)
			again, err := sessions.Refresh(t.Context(), first.RefreshToken, refreshSource(), day)
			keep(k, second)
			keep(k, again)
			if test.reason == "replayed" {
				if !errors.Is(err, auth.ErrNoSession) {
					t.Errorf("error %v, want ErrNoSession", err)
				}
				wantAudit(t, k, "refresh_replayed", "refused", "replayed")
				wantEnded(t, k, first.Session)
				return
			}
			if err != nil || again.RefreshToken != second.RefreshToken {
				t.Errorf("error %v, or another successor", err)
			}
			wantAudit(t, k, "refresh", "success", test.reason)
			wantStored(t, k, second.Session) // nothing is written
		})
	}
}

// TestListPages promises all live sessions, once and newest first, in pages of 100, those of earlier versions too.
func TestListPages(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	var want []string
	put := func(id string, expires time.Time) {
		now := k.Clock.Now()
		s := auth.Session{ID: id, UserID: "ada", PasswordEpoch: 1, CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: expires}
		if err := k.Store.PutSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if expires.After(now) {
			want = append([]string{id}, want...)
		}
	}
	for i := range 30 { // random ids of earlier versions sort before the others
		put(fmt.Sprintf("%03d-xYz", i), k.Clock.Now().Add(day))
		k.Clock.Advance(time.Millisecond)
	}
	for i := range 330 {
		id := fmt.Sprintf("zz%012xrandom", k.Clock.Now().UnixMilli())
		put(id, k.Clock.Now().Add(time.Duration(i%3)*day)) // each third has expired
		k.Clock.Advance(time.Millisecond)
	}
	var got []string
	pages := 0
	for cursor := ""; ; pages++ {
		live, next, err := k.Sessions(rules()).List(t.Context(), auth.User{ID: "ada", PasswordEpoch: 1, Status: auth.StatusReady}, cursor)
		if err != nil || len(live) > 100 || next != "" && len(live) < 100 {
			t.Fatalf("a page of %d, next %q, %v", len(live), next, err)
		}
		for _, s := range live {
			got = append(got, s.ID)
		}
		if cursor = next; next == "" {
			break
		}
	}
	if d := cmp.Diff(want, got); d != "" || pages != 2 {
		t.Errorf("%d more pages, the list differs (-want +got):\n%s", pages, d)
	}
}

// TestSessionsAreLimited promises that a user keeps the newest 500 sessions of an API client, by a look at one of 32
// sign-ins, and all those of other clients.
func TestSessionsAreLimited(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	a := attempt("ada")
	a.APIKey = k.Client(t, auth.ClientIntegration, false)
	first := signIn(t, k, a, profileTerms())
	own := signIn(t, k, attempt("ada"), profileTerms())
	client := first.Session.Client
	for i := range 600 {
		now := k.Clock.Now().Add(time.Duration(i+1) * time.Millisecond)
		s := auth.Session{
			ID: fmt.Sprintf("zz%012x-%d", now.UnixMilli(), i), UserID: "ada", PasswordEpoch: 1, Client: client,
			CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(90 * day),
		}
		if err := k.Store.PutSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	k.Clock.Advance(time.Second)
	count := func() (n int) {
		all, err := k.Store.SessionsOf(t.Context(), "ada", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if s.Client == client {
				n++
			}
		}
		return n
	}
	for k.Clock.Now().UnixMilli()%32 == 0 {
		k.Clock.Advance(time.Millisecond)
	}
	signIn(t, k, a, profileTerms())
	if got := count(); got != 602 {
		t.Errorf("%d sessions after a sign-in that does not look, want 602", got)
	}
	for k.Clock.Now().UnixMilli()%32 != 0 {
		k.Clock.Advance(time.Millisecond)
	}
	last := signIn(t, k, a, profileTerms())
	if got := count(); got != 500 {
		t.Errorf("%d sessions are kept, want 500", got)
	}
	wantEnded(t, k, first.Session)
	wantStored(t, k, last.Session)
	wantStored(t, k, own.Session)
}
