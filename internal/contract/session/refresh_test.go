package session_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const day = 24 * time.Hour

// sameCookies compares the cookies of two answers, except their values.
func sameCookies(t *testing.T, want, got answer, ignored ...string) {
	t.Helper()
	ignored = append(ignored, "Value", "Raw")
	if d := cmp.Diff(want.cookies, got.cookies, cmpopts.IgnoreFields(http.Cookie{}, ignored...)); d != "" {
		t.Errorf("the cookies differ (-want +got):\n%s", d)
	}
}

// TestRefresh promises that a refresh sets the cookies that the login did, with new tokens, and says how long they are valid.
func TestRefresh(t *testing.T) {
	for name, settings := range map[string][]string{
		"default": nil, "domain": {"COOKIE_DOMAIN", "example.com"}, "no base path": {"ISSUER", "https://login.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, settings...)
			b := browser{s, map[string]string{}}
			first := b.want(t, http.StatusOK, post(login, credentials("ada")))
			s.Clock.Advance(time.Hour)
			a := b.want(t, http.StatusOK, post(refresh, ""))
			sameCookies(t, first, a)
			if len(a.cookies) != 2 || a.cookies[0].Value == first.cookies[0].Value || a.cookies[1].Value == first.cookies[1].Value {
				t.Errorf("want two new cookies, got %v", a.cookies)
			}
			want := map[string]any{"message": "Refresh successful", "access_token": a.cookie("planpoint").Value, "expires_in": 86400.}
			if d := cmp.Diff(want, a.members(t)); d != "" {
				t.Errorf("the body differs (-want +got):\n%s", d)
			}
			if c := s.Claims(t, a.member(t, "access_token")); c.Subject != "ada" || c.ExpiresAt.Sub(c.IssuedAt) != day {
				t.Errorf("the token is %+v", c)
			}
			b.want(t, http.StatusOK, get(me))
		})
	}
}

// The attributes themselves, so that login and refresh are not wrong together.
func TestCookies(t *testing.T) {
	s := newServer(t, "COOKIE_DOMAIN", "example.com")
	a := s.signIn(t, "ada").want(t, http.StatusOK, post(refresh, ""))
	access, rest, _ := strings.Cut(a.header["Set-Cookie"][0], ";")
	if want := " Path=/; Domain=example.com; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"; rest != want || !strings.HasPrefix(access, "planpoint=") {
		t.Errorf("the access cookie is %s;%s, want %s", access, rest, want)
	}
	refresh, rest, _ := strings.Cut(a.header["Set-Cookie"][1], ";")
	if want := " Path=/base/api/users; Domain=example.com; Max-Age=604800; HttpOnly; Secure; SameSite=Lax"; rest != want || !strings.HasPrefix(refresh, "planpointRefresh=") {
		t.Errorf("the refresh cookie is %s;%s, want %s", refresh, rest, want)
	}
}

// Each cookie lives as long as its token, also in the session's last moments.
func TestCookiesAtTheEndOfASession(t *testing.T) {
	s := newServer(t, "SESSION_MAX", "168h", "SESSION_IDLE", "168h")
	b := s.signIn(t, "ada")
	s.Clock.Advance(7*day - 1500*time.Millisecond)
	if life := b.want(t, http.StatusOK, post(refresh, "")).cookie("planpointRefresh").MaxAge; life != 2 {
		t.Errorf("Max-Age is %d with 1.5 s left, want 2", life)
	}
	s.Clock.Advance(time.Second)
	if life := b.want(t, http.StatusOK, post(refresh, "")).cookie("planpointRefresh").MaxAge; life != 1 {
		t.Errorf("Max-Age is %d with 0.5 s left, want 1", life)
	}
	s.Clock.Advance(500 * time.Millisecond)
	b.want(t, http.StatusUnauthorized, post(refresh, ""))
}

// TestRefreshByBody promises that a client without cookies may send the token in the body, and no client in both places.
func TestRefreshByBody(t *testing.T) {
	s := newServer(t)
	b := s.signIn(t, "ada")
	token := b.cookie["planpointRefresh"]
	body := func(token string) string { return `{"refreshToken":"` + token + `"}` }
	for _, test := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{"by the body", post(refresh, body(token)), 200},
		{"charset and unknown members", with(request("POST", refresh, `{"x":[1],"refreshToken":"`+token+`"}`), "Content-Type", "Application/JSON; charset=utf-8"), 200},
		{"cookie beside an empty object", with(post(refresh, `{}`), "Cookie", "planpointRefresh="+token), 200},
		{"cookie beside an empty member", with(post(refresh, body("")), "Cookie", "planpointRefresh="+token), 200},
		{"cookie beside no body of some type", with(with(request("POST", refresh, ""), "Content-Type", "text/plain"), "Cookie", "planpointRefresh="+token), 200},
		{"both", with(post(refresh, body(token)), "Cookie", "planpointRefresh="+token), 400},
		{"both, other ones", with(post(refresh, body("x")), "Cookie", "planpointRefresh=y"), 400},
		{"no content type", request("POST", refresh, body(token)), 400},
		{"text/plain", with(request("POST", refresh, body(token)), "Content-Type", "text/plain"), 400},
		{"form", with(request("POST", refresh, "refreshToken="+token), "Content-Type", "application/x-www-form-urlencoded"), 400},
		{"not JSON", post(refresh, "x"), 400},
		{"an array", post(refresh, `["`+token+`"]`), 400},
		{"a number", post(refresh, `{"refreshToken":1}`), 400},
		{"trailing data", post(refresh, body(token)+"x"), 400},
		{"twice", post(refresh, `{"refreshToken":"`+token+`","refreshToken":"`+token+`"}`), 400},
		{"too large", post(refresh, body(strings.Repeat("x", 16<<10))), 400},
		{"broken body beside a cookie", with(post(refresh, "x"), "Cookie", "planpointRefresh="+token), 400},
		{"another case", post(refresh, `{"RefreshToken":"`+token+`"}`), 401},
		{"empty", post(refresh, body("")), 401},
		{"null", post(refresh, `{"refreshToken":null}`), 401},
		{"an access token", post(refresh, body(b.cookie["planpoint"])), 401},
		{"in the query", request("POST", refresh+"?refreshToken="+token, ""), 401},
		{"as a bearer", bearer(token, request("POST", refresh, "")), 401},
		{"as the access cookie", with(request("POST", refresh, ""), "Cookie", "planpoint="+token), 401},
		{"in capitals", with(request("POST", refresh, ""), "Cookie", "PLANPOINTREFRESH="+token), 401},
		{"nothing", request("POST", refresh, ""), 401},
	} {
		if a := s.call(t, test.request); a.status != test.status {
			t.Errorf("%s: %d %s, want %d", test.name, a.status, a.body, test.status)
		}
	}
	if !b.signedIn(t) {
		t.Error("one of these ended the session")
	}
}

// TestRefreshReplayed promises the same successor within the grace, for longer while it is unused, and then the end of the
// session.
func TestRefreshReplayed(t *testing.T) {
	s := newServer(t, "REFRESH_GRACE", "5s", "REFRESH_RETRY", "1m")
	b := s.signIn(t, "ada")
	old := b.cookie["planpointRefresh"]
	child := b.want(t, http.StatusOK, post(refresh, "")).cookie("planpointRefresh").Value
	replay := func() answer { return s.call(t, with(post(refresh, ""), "Cookie", "planpointRefresh="+old)) }

	s.Clock.Advance(5*time.Second - time.Millisecond)
	if a := replay(); a.status != http.StatusOK || a.cookie("planpointRefresh").Value != child {
		t.Errorf("within the grace: %d, and not the same child", a.status)
	}
	s.Clock.Advance(55 * time.Second)
	if a := replay(); a.status != http.StatusOK || a.cookie("planpointRefresh").Value != child {
		t.Errorf("while the successor is unused: %d, and not the same child", a.status)
	}
	s.Clock.Advance(time.Millisecond)
	if a := replay(); a.status != http.StatusUnauthorized || a.member(t, "message") != "Not signed in" {
		t.Errorf("after both limits: %d %s", a.status, a.body)
	}
	b.want(t, http.StatusUnauthorized, post(refresh, ""))
	b.want(t, http.StatusUnauthorized, get(me))
}

// A refused refresh does not change a browser's cookies: another tab may just have set new ones.
func TestARefusedRefreshLeavesTheCookies(t *testing.T) {
	s := newServer(t)
	for name, value := range map[string]string{"junk": "junk", "empty": "", "long": strings.Repeat("x", 4000)} {
		a := s.call(t, with(post(refresh, ""), "Cookie", "planpointRefresh="+value))
		if a.status != http.StatusUnauthorized || len(a.cookies) > 0 {
			t.Errorf("%s: %d with %d cookies, want 401 with none", name, a.status, len(a.cookies))
		}
	}
}
