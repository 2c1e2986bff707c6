package planpoint_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract/planpoint"
)

// TestUnauthorized promises that all refusals with 401 have the same body and headers.
func TestUnauthorized(t *testing.T) {
	s := newServer(t, planpoint.Config{})
	body := func(name, password string) *http.Request {
		return request(`{"username":"` + name + `@example.com","password":"` + password + `"}`)
	}
	want := s.call(t, body("nobody", authtest.Password))
	if want.status != 401 || want.body != `{"message":"Invalid username or password"}` {
		t.Errorf("an unknown user is answered %d %s", want.status, want.body)
	}
	for name, r := range map[string]*http.Request{
		"wrong password":          body("ada", "wrong"),
		"password and a space":    body("ada", authtest.Password+" "),
		"password in capitals":    body("ada", strings.ToUpper(authtest.Password)),
		"password with NUL":       body("ada", authtest.Password+`\u0000`),
		"password of 15 KiB":      body("ada", strings.Repeat("x", 15<<10)),
		"pending":                 body("joan", authtest.Password),
		"pending, wrong password": body("joan", "wrong"),
		"disabled":                body("dorothy", authtest.Password),
		"unknown API key":         withKey("lk_unknown", body("ada", authtest.Password)),
		"disabled API key":        withKey(s.Client(t, auth.ClientStandard, true), body("ada", authtest.Password)),
		"impersonation by a stranger": request(
			`{"username":"nobody@example.com","password":"x","impersonate":"ada@example.com"}`),
	} {
		if d := cmp.Diff(want, s.call(t, r), cmp.AllowUnexported(answer{})); d != "" {
			t.Errorf("%s differs from an unknown user (-want +got):\n%s", name, d)
		}
	}
}

// TestImpersonation promises the target's answer for 15 minutes without a refresh token, and one 403 for all callers that may not.
func TestImpersonation(t *testing.T) {
	s := newServer(t, planpoint.Config{})
	impersonate := func(caller, password, target string) *http.Request {
		return request(`{"username":"` + caller + `@example.com","password":"` + password + `","impersonate":"` + target + `@example.com"}`)
	}
	a := s.call(t, impersonate("margaret", authtest.Password, "ada"))
	token := a.member(t, "access_token")
	if a.status != 200 || a.member(t, "_id") != "ada" || a.member(t, "username") != "ada@example.com" {
		t.Errorf("%d %s, want the target's answer", a.status, a.body)
	}
	want := []string{"planpoint=" + token + "; Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Lax"}
	if d := cmp.Diff(want, a.header["Set-Cookie"]); d != "" {
		t.Errorf("cookies differ (-want +got):\n%s", d)
	}
	if c := s.Claims(t, token); c.Subject != "ada" || c.Actor != "margaret" || c.ExpiresAt.Sub(c.IssuedAt) != 15*time.Minute {
		t.Errorf("the token says %+v", c)
	}
	for _, test := range []struct {
		name, caller, password, target string
		status                         int
		message                        string
	}{
		{"role not allowed", "ada", authtest.Password, "grace", 403, "Not allowed"},
		{"target unknown", "margaret", authtest.Password, "nobody", 403, "Not allowed"},
		{"target pending", "margaret", authtest.Password, "joan", 403, "Not allowed"},
		{"target disabled", "margaret", authtest.Password, "dorothy", 403, "Not allowed"},
		{"target may impersonate too", "margaret", authtest.Password, "katherine", 403, "Not allowed"},
		{"self", "margaret", authtest.Password, "margaret", 403, "Not allowed"},
		{"wrong own password", "margaret", "wrong", "ada", 401, "Invalid username or password"},
		{"caller not ready", "joan", authtest.Password, "ada", 401, "Invalid username or password"},
	} {
		a := s.call(t, impersonate(test.caller, test.password, test.target))
		if a.status != test.status || a.member(t, "message") != test.message {
			t.Errorf("%s: %d %s, want %d", test.name, a.status, a.body, test.status)
		}
	}
}
