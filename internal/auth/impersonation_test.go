package auth_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

func TestImpersonation(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	integration := k.Client(t, auth.ClientIntegration, false)
	for _, test := range []struct {
		name, caller, target string
		key                  string
		password             string
		terms                auth.Terms
		want                 error
		reason               string
	}{
		{"allowed", "margaret", "ada", "", authtest.Password, profileTerms(), nil, "ok"},
		{"allowed, by an integration client", "margaret", "ada", integration, authtest.Password, profileTerms(), nil, "ok"},
		{"caller without the role", "ada", "grace", "", authtest.Password, profileTerms(), auth.ErrImpersonation, "impersonation_role"},
		{"caller without the role, target unknown", "ada", "nobody", "", authtest.Password, profileTerms(), auth.ErrImpersonation, "impersonation_role"},
		{"target unknown", "margaret", "nobody", "", authtest.Password, profileTerms(), auth.ErrImpersonation, "impersonation_target"},
		{"target pending", "margaret", "joan", "", authtest.Password, profileTerms(), auth.ErrImpersonation, "impersonation_target"},
		{"target disabled", "margaret", "dorothy", "", authtest.Password, profileTerms(), auth.ErrImpersonation, "impersonation_target"},
		{"target may impersonate too", "margaret", "katherine", "", authtest.Password, profileTerms(), auth.ErrImpersonation, "impersonation_target"},
		{"self", "margaret", "margaret", "", authtest.Password, profileTerms(), auth.ErrImpersonation, "impersonation_target"},
		{"wrong password", "margaret", "ada", "", "wrong", profileTerms(), auth.ErrBadCredentials, "wrong_password"},
		{"the target's password", "nobody", "ada", "", authtest.Password, profileTerms(), auth.ErrBadCredentials, "unknown_user"},
		{"caller pending", "joan", "ada", "", authtest.Password, profileTerms(), auth.ErrNotReady, "not_ready"},
		{"caller without a qualifying account", "margaret", "grace", "", authtest.Password, accountTerms(), auth.ErrWrongRole, "wrong_role"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k.Log.Audit(t)
			a := attempt(test.caller)
			a.Password, a.APIKey, a.Impersonate = test.password, test.key, authtest.Identifier(test.target+"@example.com")
			g, err := k.Service(rules()).Login(t.Context(), a, test.terms)
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			records := k.Log.Audit(t)
			if len(records) != 1 || records[0]["event"] != "impersonation" || records[0]["reason"] != test.reason ||
				records[0]["targetHash"] != hashOf(t, k, test.target) || records[0]["identifierHash"] != hashOf(t, k, test.caller) {
				t.Fatalf("audit %v, want one record of an impersonation with the reason %s", records, test.reason)
			}
			if err != nil {
				return
			}
			if records[0]["actor"] != test.caller || records[0]["user"] != test.target {
				t.Errorf("the audit does not name caller and target: %v", records[0])
			}
			wantImpersonated(t, k, g, test.caller, test.target)
		})
	}
}

// hashOf returns the keyed hash of the user's address in the audit.
func hashOf(t *testing.T, k *authtest.Kit, name string) string {
	t.Helper()
	hash, err := auth.IdentifierHash(t.Context(), k.Keyring, authtest.Identifier(name+"@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func wantImpersonated(t *testing.T, k *authtest.Kit, g auth.Grant, caller, target string) {
	t.Helper()
	claims := k.Claims(t, g.AccessToken)
	if claims.Subject != target || claims.Actor != caller || claims.ExpiresAt.Sub(claims.IssuedAt) != 15*time.Minute {
		t.Errorf("the token is %+v", claims)
	}
	if g.User.ID != target || g.RefreshToken != "" || g.AccessLife != 15*time.Minute {
		t.Errorf("the grant is %+v", g)
	}
	s := session(t, k, g)
	if s.UserID != target || s.ActorID != caller || s.Nonce != "" || !s.ExpiresAt.Equal(s.CreatedAt.Add(15*time.Minute)) {
		t.Errorf("the session is %+v", s)
	}
}

// TestImpersonationNeedsAQualifyingTarget promises that the target too needs the qualifying account that the terms ask for.
func TestImpersonationNeedsAQualifyingTarget(t *testing.T) {
	margaret := authtest.Grace()
	margaret.Role = "support"
	k := authtest.NewKit(t, margaret, authtest.Alan())
	a := attempt("grace")
	a.Impersonate = authtest.Identifier("alan@example.com")
	if _, err := k.Service(rules()).Login(t.Context(), a, accountTerms()); !errors.Is(err, auth.ErrImpersonation) {
		t.Errorf("error %v, want ErrImpersonation", err)
	}
}
