package planpoint_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract/planpoint"
)

// expired returns the Set-Cookie lines of an answer that expire a cookie, each as its name, path and domain.
func expired(header http.Header) []string {
	var found []string
	for _, c := range (&http.Response{Header: header}).Cookies() {
		if c.MaxAge < 0 {
			found = append(found, strings.TrimSpace(c.Name+" "+c.Path+" "+c.Domain))
		}
	}
	return found
}

// TestReplacedCookies promises that a sign-in expires what the browser must not keep: a refresh cookie that the grant
// does not replace, and, where a cookie arrives twice, each variant except the one that is set.
func TestReplacedCookies(t *testing.T) {
	const twice = "planpoint=a; planpoint=b; planpointRefresh=a; planpointRefresh=b"
	everywhere := []string{
		"planpoint / example.com", "planpoint / login.example.com",
		"planpointRefresh /api/users example.com", "planpointRefresh /api/users login.example.com",
	}
	for name, test := range map[string]struct {
		cookies     planpoint.Cookies
		host        string // empty: login.example.com
		sent        string
		integration bool
		want        []string
	}{
		"none sent":                 {},
		"both sent once":            {sent: "planpoint=a; planpointRefresh=a"},
		"integration, none sent":    {integration: true},
		"integration, access only":  {integration: true, sent: "planpoint=a"},
		"integration, refresh sent": {integration: true, sent: "planpointRefresh=a", want: []string{"planpointRefresh /api/users"}},
		"integration, sent twice": {integration: true, sent: twice, want: []string{
			"planpoint / example.com", "planpoint / login.example.com",
			"planpointRefresh /api/users example.com", "planpointRefresh /api/users login.example.com", "planpointRefresh /api/users",
		}},
		"access sent twice": {sent: "planpoint=a; planpoint=a; planpointRefresh=x", want: everywhere[:2]},
		"both sent twice":   {sent: twice, want: everywhere},
		"with a domain": {sent: twice, cookies: planpoint.Cookies{Domain: "example.com"}, want: []string{
			"planpoint /", "planpoint / login.example.com", "planpointRefresh /api/users", "planpointRefresh /api/users login.example.com",
		}},
		"behind a proxy": {sent: "planpoint=a; planpoint=b", host: "10.0.0.1:3000", cookies: planpoint.Cookies{IssuerHost: "id.corp.example"},
			want: []string{"planpoint / corp.example", "planpoint / id.corp.example"}},
		"localhost":       {sent: twice, host: "localhost:3000"},
		"an IPv6 address": {sent: twice, host: "[::1]:3000"},
		"a port and capitals": {sent: "planpoint=a; planpoint=b", host: "Login.Example.COM:8443", want: []string{
			"planpoint / example.com", "planpoint / login.example.com",
		}},
		"no host name": {sent: twice, host: "a b..:3"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, planpoint.Config{Cookies: test.cookies})
			r := request(credentials("ada"))
			if test.host != "" {
				r.Host = test.host
			}
			if test.sent != "" {
				r.Header.Set("Cookie", test.sent)
			}
			if test.integration {
				withKey(s.Client(t, auth.ClientIntegration, false), r)
			}
			a := s.call(t, r)
			if d := cmp.Diff(test.want, expired(a.header)); a.status != 200 || d != "" {
				t.Errorf("%d, expired (-want +got):\n%s", a.status, d)
			}
			if last := a.header["Set-Cookie"]; !strings.Contains(strings.Join(last, "\n"), "planpoint="+a.member(t, "access_token")) {
				t.Errorf("no access cookie: %q", last)
			}
		})
	}
}

// TestImpersonationExpiresRefreshCookie promises that an impersonation expires the refresh cookie of the previous user.
func TestImpersonationExpiresRefreshCookie(t *testing.T) {
	s := newServer(t, planpoint.Config{})
	r := request(`{"impersonate":"ada@example.com",` + credentials("margaret")[1:])
	r.Header.Set("Cookie", "planpointRefresh=of-margaret")
	a := s.call(t, r)
	if d := cmp.Diff([]string{"planpointRefresh /api/users"}, expired(a.header)); a.status != 200 || d != "" {
		t.Errorf("%d, expired (-want +got):\n%s", a.status, d)
	}
}

// TestRefusalKeepsCookies promises that a refused sign-in changes no cookie, whatever the request carried.
func TestRefusalKeepsCookies(t *testing.T) {
	s := newServer(t, planpoint.Config{})
	r := request(strings.Replace(credentials("ada"), authtest.Password, "wrong", 1))
	r.Header.Set("Cookie", "planpointRefresh=a; planpointRefresh=b")
	if a := s.call(t, r); a.status != 401 {
		t.Errorf("status %d", a.status)
	}
}

// TestClear promises that a sign-out expires both cookies, and every variant of one that arrived twice.
func TestClear(t *testing.T) {
	for sent, want := range map[string][]string{
		"":            {"planpoint / example.com", "planpointRefresh /prod/api/users example.com"},
		"planpoint=a": {"planpoint / example.com", "planpointRefresh /prod/api/users example.com"},
		"planpointRefresh=a; planpointRefresh=b": {
			"planpoint / example.com", "planpointRefresh /prod/api/users", "planpointRefresh /prod/api/users example.com",
			"planpointRefresh /prod/api/users login.example.com",
		},
	} {
		r := httptest.NewRequest(http.MethodPost, "https://login.example.com/prod/api/users/logout", nil)
		r.Header.Set("Cookie", sent)
		answer := httptest.NewRecorder()
		planpoint.Cookies{IssuerPath: "/prod", Domain: "example.com"}.Clear(answer, r)
		got := expired(answer.Result().Header)
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", sent, d)
		}
	}
}

// TestSentCookies promises every value of a cookie that arrives twice, for a sign-out that ends each session.
func TestSentCookies(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "https://login.example.com/", nil)
	r.Header.Set("Cookie", "planpoint=a; x=y; planpoint=b; planpointRefresh=c")
	var c planpoint.Cookies
	got := [][]string{c.AccessTokens(r), c.RefreshTokens(r)}
	if d := cmp.Diff([][]string{{"a", "b"}, {"c"}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestInsecureCookies promises that cookies without Secure keep all other attributes.
func TestInsecureCookies(t *testing.T) {
	s := newServer(t, planpoint.Config{Cookies: planpoint.Cookies{Insecure: true}})
	for _, line := range s.call(t, request(credentials("ada"))).header["Set-Cookie"] {
		if strings.Contains(line, "Secure") || !strings.HasSuffix(line, "; HttpOnly; SameSite=Lax") {
			t.Error(line)
		}
	}
}
