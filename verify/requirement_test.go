package verify_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
	"latchkey/verify"
)

// TestRequirements promises the challenge of RFC 9470 to valid tokens that miss a requirement, and no other answer than before
// to those that meet all.
func TestRequirements(t *testing.T) {
	l := newLogin(t, jwk.ES256)
	v := newVerifier(t, l)
	now := time.Now()
	const insufficient = challenge + `, error="insufficient_user_authentication", `
	for _, test := range []struct {
		name string
		amr  []string
		at   time.Time
		want string
	}{
		{"second factor just now", []string{"pwd", "otp", "mfa"}, now.Add(-time.Minute), ""},
		{"only a password", []string{"pwd"}, now, insufficient + `error_description="this needs mfa"`},
		{"long ago", []string{"pwd", "mfa"}, now.Add(-6 * time.Minute), insufficient + "max_age=300"},
		{"an older token", nil, time.Time{}, insufficient + `error_description="this needs mfa"`},
		{"no time", []string{"mfa"}, time.Time{}, insufficient + "max_age=300"},
	} {
		raw := l.token(t, func(c *auth.Claims) { c.AMR, c.AuthTime = test.amr, test.at })
		r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/orders", nil)
		r.Header.Set("Authorization", "Bearer "+raw)
		answer := httptest.NewRecorder()
		v.Handler(http.NotFoundHandler(), verify.RequireAMR("mfa"), verify.MaxAge(5*time.Minute)).ServeHTTP(answer, r)
		status := http.StatusUnauthorized
		if test.want == "" {
			status = http.StatusNotFound
		}
		if got := answer.Header().Get("WWW-Authenticate"); answer.Code != status || got != test.want {
			t.Errorf("%s: %d, %q; want %d, %q", test.name, answer.Code, got, status, test.want)
		}
	}
}
