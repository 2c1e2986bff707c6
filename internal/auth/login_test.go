package auth_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

const day = 24 * time.Hour

func profileTerms() auth.Terms {
	return auth.Terms{Contract: "profile", AccessLife: day, IntegrationLife: 90 * day, Refreshable: true}
}

func accountTerms() auth.Terms {
	return auth.Terms{Contract: "account", AccessLife: time.Hour, QualifyingAccount: true}
}

func rules() auth.Rules {
	return auth.Rules{QualifyingRoles: []string{"Organization Owner", "Organization Admin"}, ImpersonatorRoles: []string{"support"}}
}

func attempt(name string) auth.Attempt {
	return auth.Attempt{
		Identifier: authtest.Identifier(name + "@example.com"), Password: authtest.Password, Source: auth.ParseSource("192.0.2.7:4711"),
	}
}

// users has one user for each way a sign-in can end; margaret and katherine may impersonate.
func users() []auth.User {
	dorothy := authtest.NewUser("dorothy")
	dorothy.Status = auth.StatusDisabled
	margaret, katherine := authtest.NewUser("margaret"), authtest.NewUser("katherine")
	margaret.Role, katherine.Role = "support", "support"
	return []auth.User{
		authtest.Ada(), authtest.Grace(), authtest.Alan(), authtest.Joan(), dorothy, margaret, katherine,
	}
}

func session(t *testing.T, k *authtest.Kit, g auth.Grant) auth.Session {
	t.Helper()
	s, err := k.Store.Session(t.Context(), g.Session.UserID, g.Session.ID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLogin(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	k.Clock.Advance(400 * time.Microsecond) // stored times have no microseconds
	g, err := k.Service(rules()).Login(t.Context(), attempt("ada"), profileTerms())
	if err != nil {
		t.Fatal(err)
	}
	k.Log.Keep(g.AccessToken, g.RefreshToken)

	wantCalls := []string{"MAC", "LookUp", "UserByID", "Verify", "MAC", "Sign", "PutSession"}
	if d := cmp.Diff(wantCalls, k.Calls()); d != "" {
		t.Errorf("two reads, one hash, one write (-want +got):\n%s", d)
	}
	if g.User.ID != "ada" || g.User.Profile.LastName != "Lovelace" || g.AccessLife != day || g.RefreshLife != 7*day || g.RefreshToken == "" {
		t.Errorf("the grant is %+v", g)
	}

	now := authtest.Start()
	want := auth.Session{
		ID: g.Session.ID, UserID: "ada", Nonce: g.Session.Nonce, Generation: 1, PasswordEpoch: 1, Contract: "profile",
		AccessLife: day, Source: "192.0.2.7",
		CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(7 * day), AMR: []string{"pwd"}, AuthTime: now,
	}
	if d := cmp.Diff(want, session(t, k, g)); d != "" {
		t.Errorf("the stored session differs (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, g.Session); d != "" {
		t.Errorf("the granted session is not the stored one (-want +got):\n%s", d)
	}
	if random := strings.TrimPrefix(want.ID, fmt.Sprintf("zz%012x", now.UnixMilli())); len(random) != 22 || len(want.Nonce) != 22 || random == want.Nonce {
		t.Errorf("id %q and nonce %q do not have 128 random bits each, or the id does not begin with its time", want.ID, want.Nonce)
	}

	claims := k.Claims(t, g.AccessToken)
	issued := now.Truncate(time.Second)
	wantClaims := auth.Claims{
		ID: claims.ID, Subject: "ada", SessionID: g.Session.ID, Roles: []string{"user"}, AMR: []string{"pwd"}, AuthTime: issued, IssuedAt: issued, ExpiresAt: issued.Add(day),
	}
	if d := cmp.Diff(wantClaims, claims); d != "" || len(claims.ID) != 22 {
		t.Errorf("the token (id %q) differs (-want +got):\n%s", claims.ID, d)
	}

	_, kid, _ := k.Keyring.Sign(t.Context(), claims)
	audit := k.Log.Audit(t)
	hash := identifierHash(t, k, "ada")
	wantAudit := []map[string]any{{
		"level": "INFO", "event": "login", "outcome": "success", "reason": "ok", "user": "ada", "identifierHash": hash,
		"session": g.Session.ID, "source": "192.0.2.7", "contract": "profile", "amr": "pwd", "kid": kid,
	}}
	if d := cmp.Diff(wantAudit, audit); d != "" {
		t.Errorf("the audit differs (-want +got):\n%s", d)
	}

	again, err := k.Service(rules()).Login(t.Context(), attempt("ada"), profileTerms())
	if err != nil || again.Session.ID == g.Session.ID || again.RefreshToken == g.RefreshToken || again.AccessToken == g.AccessToken {
		t.Errorf("a second sign-in shares something with the first (error %v)", err)
	}
}

// identifierHash returns the keyed hash of the user's address in the audit, the same for each attempt.
func identifierHash(t *testing.T, k *authtest.Kit, name string) string {
	t.Helper()
	_, _ = k.Service(rules()).Login(t.Context(), auth.Attempt{Identifier: authtest.Identifier(name + "@example.com")}, profileTerms())
	records := k.Log.Audit(t)
	hash, _ := records[len(records)-1]["identifierHash"].(string)
	if raw, err := hex.DecodeString(hash); err != nil || len(raw) != 16 { // "ada" may be among the digits
		t.Fatalf("the identifier's hash is %q", hash)
	}
	return hash
}

func TestLoginRefuses(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	disabled := k.Client(t, auth.ClientStandard, true)
	wrong := func(a auth.Attempt) auth.Attempt { a.Password = "wrong"; return a }
	with := func(a auth.Attempt, key string) auth.Attempt { a.APIKey = key; return a }
	required := profileTerms()
	required.RequireAPIKey = true
	for _, test := range []struct {
		name         string
		attempt      auth.Attempt
		terms        auth.Terms
		want         error
		reason, user string
	}{
		{"unknown user", attempt("nobody"), profileTerms(), auth.ErrBadCredentials, "unknown_user", ""},
		{"wrong password", wrong(attempt("ada")), profileTerms(), auth.ErrBadCredentials, "wrong_password", "ada"},
		{"empty password", auth.Attempt{Identifier: authtest.Identifier("ada@example.com")}, profileTerms(), auth.ErrBadCredentials, "wrong_password", "ada"},
		{"pending", attempt("joan"), profileTerms(), auth.ErrNotReady, "not_ready", "joan"},
		{"pending, wrong password", wrong(attempt("joan")), profileTerms(), auth.ErrBadCredentials, "wrong_password", "joan"},
		{"disabled", attempt("dorothy"), profileTerms(), auth.ErrNotReady, "not_ready", "dorothy"},
		{"no account", attempt("ada"), accountTerms(), auth.ErrWrongRole, "wrong_role", "ada"},
		{"no qualifying account", attempt("alan"), accountTerms(), auth.ErrWrongRole, "wrong_role", "alan"},
		{"no qualifying account, wrong password", wrong(attempt("alan")), accountTerms(), auth.ErrBadCredentials, "wrong_password", "alan"},
		{"key unknown", with(attempt("ada"), "lk_unknown"), profileTerms(), auth.ErrUnknownClient, "client_unknown", ""},
		{"key disabled", with(attempt("ada"), disabled), profileTerms(), auth.ErrUnknownClient, "client_unknown", ""},
		{"key missing", attempt("ada"), required, auth.ErrUnknownClient, "client_missing", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			k.Calls()
			k.Log.Audit(t)
			g, err := k.Service(rules()).Login(t.Context(), test.attempt, test.terms)
			if !errors.Is(err, test.want) || g.AccessToken != "" || g.RefreshToken != "" || g.User.ID != "" {
				t.Errorf("error %v, want %v, and nothing granted: %+v", err, test.want, g)
			}
			records := k.Log.Audit(t)
			if len(records) != 1 {
				t.Fatalf("%d audit records, want 1", len(records))
			}
			got := [...]any{records[0]["outcome"], records[0]["reason"], records[0]["user"], records[0]["session"]}
			want := [...]any{"refused", test.reason, nil, nil}
			if test.user != "" {
				want[2] = test.user
			}
			if got != want {
				t.Errorf("audit %v, want %v", got, want)
			}
			if calls := k.Calls(); !errors.Is(err, auth.ErrUnknownClient) && cmp.Diff([]string{"MAC", "LookUp", "UserByID", "Verify"}, calls) != "" {
				t.Errorf("the calls %v reveal who is a user", calls)
			}
		})
	}
}

// A user whose address moved to another user between the two reads is not signed in.
func TestLoginWhileAnAddressMoves(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	k.Before(func(call string) error {
		if call != "UserByID" {
			return nil
		}
		ada, err := k.Store.UserByID(t.Context(), "ada")
		if err != nil {
			return err
		}
		ada.Email, ada.Identifier = "countess@example.com", authtest.Identifier("countess@example.com")
		return k.Store.UpdateUser(t.Context(), ada)
	})
	if _, err := k.Service(rules()).Login(t.Context(), attempt("ada"), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("error %v, want ErrBadCredentials", err)
	}
}

func TestLoginLivesAsLongAsItsClientAndTermsSay(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	standard, integration := k.Client(t, auth.ClientStandard, false), k.Client(t, auth.ClientIntegration, false)
	short := rules()
	short.SessionIdle, short.SessionMax = 7*day, 2*day
	for _, test := range []struct {
		name            string
		key             string
		terms           auth.Terms
		rules           auth.Rules
		access, refresh time.Duration // refresh 0: none
	}{
		{"no client", "", profileTerms(), rules(), day, 7 * day},
		{"standard", standard, profileTerms(), rules(), day, 7 * day},
		{"integration", integration, profileTerms(), rules(), 90 * day, 0},
		{"terms without refresh", "", accountTerms(), rules(), time.Hour, 0},
		{"terms without a life for integrations", integration, accountTerms(), rules(), time.Hour, 0},
		{"session shorter than a refresh token", "", profileTerms(), short, day, 2 * day},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := attempt("grace")
			a.APIKey = test.key
			g, err := k.Service(test.rules).Login(t.Context(), a, test.terms)
			if err != nil {
				t.Fatal(err)
			}
			k.Log.Keep(g.AccessToken, g.RefreshToken)
			if g.AccessLife != test.access || g.RefreshLife != test.refresh || (g.RefreshToken != "") != (test.refresh > 0) {
				t.Errorf("access %v, refresh %v (%q), want %v and %v", g.AccessLife, g.RefreshLife, g.RefreshToken, test.access, test.refresh)
			}
			if c := k.Claims(t, g.AccessToken); c.ExpiresAt.Sub(c.IssuedAt) != test.access {
				t.Errorf("the token lives %v, want %v", c.ExpiresAt.Sub(c.IssuedAt), test.access)
			}
			s := session(t, k, g)
			if life := s.ExpiresAt.Sub(s.CreatedAt); life != max(test.access, test.refresh) && test.refresh != 2*day {
				t.Errorf("the session lives %v", life)
			}
			if (s.Nonce != "") != (test.refresh > 0) || (s.Generation == 1) != (test.refresh > 0) {
				t.Errorf("nonce %q, generation %d", s.Nonce, s.Generation)
			}
			if client := s.Client; (client != "") != (test.key != "") || test.key != "" && client != auth.HashAPIKey(test.key)[:16] {
				t.Errorf("the session's client is %q", client)
			}
		})
	}
}

func TestLoginSelectsAnAccount(t *testing.T) {
	account := func(userType string, selected bool) auth.Account {
		return auth.Account{UserType: userType, IsSelected: selected}
	}
	const owner, admin, viewer = "Organization Owner", "Organization Admin", "Viewer"
	k := authtest.NewKit(t)
	for _, test := range []struct {
		name     string
		accounts []auth.Account
		want     int // -1: refused
	}{
		{"none", nil, -1},
		{"one that qualifies", []auth.Account{account(owner, false)}, 0},
		{"one that does not", []auth.Account{account(viewer, true)}, -1},
		{"the first that qualifies", []auth.Account{account(viewer, false), account(admin, false), account(owner, false)}, 1},
		{"the user's choice", []auth.Account{account(owner, false), account(admin, true)}, 1},
		{"a choice that does not qualify", []auth.Account{account(owner, false), account(viewer, true)}, 0},
		{"two choices", []auth.Account{account(viewer, true), account(owner, true), account(admin, true)}, 1},
		{"almost a role", []auth.Account{account("organization owner", true), account(owner+" ", true)}, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := authtest.NewUser(auth.NewUserID())
			u.Role = "user"
			for i := range test.accounts {
				test.accounts[i].ID, test.accounts[i].OrganizationID = "account-"+string(rune('0'+i)), "org-"+string(rune('0'+i))
			}
			u.Accounts = test.accounts
			k.Add(t, u)
			g, err := k.Service(rules()).Login(t.Context(), attempt(u.ID), accountTerms())
			if test.want < 0 {
				if !errors.Is(err, auth.ErrWrongRole) {
					t.Errorf("error %v, want ErrWrongRole", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range g.Accounts {
				if a.IsSelected != (i == test.want) {
					t.Errorf("accounts[%d].IsSelected is %t", i, a.IsSelected)
				}
			}
			claims, chosen := k.Claims(t, g.AccessToken), test.accounts[test.want]
			if d := cmp.Diff([]string{"user", chosen.UserType}, claims.Roles); d != "" || claims.Org != chosen.OrganizationID {
				t.Errorf("org %q, roles differ (-want +got):\n%s", claims.Org, d)
			}
			if d := cmp.Diff(test.accounts, g.User.Accounts, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("the user was changed (-want +got):\n%s", d)
			}
		})
	}
}

func TestARoleHeldTwiceIsNamedOnce(t *testing.T) {
	grace := authtest.Grace()
	grace.Role = grace.Accounts[0].UserType
	k := authtest.NewKit(t, grace)
	g, err := k.Service(rules()).Login(t.Context(), attempt("grace"), accountTerms())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{grace.Role}, k.Claims(t, g.AccessToken).Roles); d != "" {
		t.Errorf("roles differ (-want +got):\n%s", d)
	}
}

func TestNobodyQualifiesByAnEmptyRole(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	r := auth.Rules{QualifyingRoles: []string{""}, ImpersonatorRoles: []string{""}}
	if _, err := k.Service(r).Login(t.Context(), attempt("grace"), accountTerms()); !errors.Is(err, auth.ErrWrongRole) {
		t.Errorf("error %v, want ErrWrongRole", err)
	}
	a := attempt("grace") // who has no role
	a.Impersonate = authtest.Identifier("ada@example.com")
	if _, err := k.Service(r).Login(t.Context(), a, profileTerms()); !errors.Is(err, auth.ErrImpersonation) {
		t.Errorf("error %v, want ErrImpersonation", err)
	}
}

func TestLoginFailsByOurFault(t *testing.T) {
	k := authtest.NewKit(t, authtest.Ada())
	for _, fault := range []error{errors.New("disk on fire"), auth.ErrUnavailable, auth.ErrConflict} {
		for _, failing := range []string{"MAC", "LookUp", "UserByID", "Verify", "Sign", "PutSession"} {
			t.Run(failing+" "+fault.Error(), func(t *testing.T) {
				k.Before(func(call string) error {
					if call == failing {
						return fault
					}
					return nil
				})
				g, err := k.Service(rules()).Login(t.Context(), attempt("ada"), profileTerms())
				if !errors.Is(err, fault) || errors.Is(err, auth.ErrBadCredentials) || g.AccessToken != "" {
					t.Errorf("error %v, want one that is %v, and no token", err, fault)
				}
				records := k.Log.Audit(t)
				if len(records) != 1 || records[0]["outcome"] != "failed" || records[0]["reason"] != "unavailable" || records[0]["level"] != "ERROR" {
					t.Errorf("audit %v, want one failure", records)
				}
			})
		}
	}
}

func TestLoginWhenTheCallerIsGone(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Service(rules()).Login(ctx, attempt("ada"), profileTerms()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if records := k.Log.Audit(t); len(records) != 1 || records[0]["outcome"] != "failed" || records[0]["reason"] != "canceled" {
		t.Errorf("audit %v, want one record of a canceled attempt", records)
	}
}
