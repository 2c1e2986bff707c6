package session_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// wantCleared checks that a browser forgets the cookies that first set: the same attributes, no value, no life.
func wantCleared(t *testing.T, first, a answer) {
	t.Helper()
	sameCookies(t, first, a, "MaxAge")
	for i, c := range a.cookies {
		if c.Value != "" || c.MaxAge != -1 { // how net/http reads Max-Age=0
			t.Errorf("cookie %d is not cleared: %s", i, a.header["Set-Cookie"][i])
		}
	}
	if a.body != `{"message":"Logout successful"}` {
		t.Errorf("the body is %s", a.body)
	}
}

// TestLogout promises that the session ends at once, that its cookies are cleared as they were set, and that no other session ends.
func TestLogout(t *testing.T) {
	for name, settings := range map[string][]string{"default": nil, "domain": {"COOKIE_DOMAIN", "example.com"}} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, settings...)
			b, other := browser{s, map[string]string{}}, s.signIn(t, "ada")
			first := b.want(t, http.StatusOK, post(login, credentials("ada")))
			access, refreshed := b.cookie["planpoint"], b.cookie["planpointRefresh"]
			wantCleared(t, first, b.want(t, http.StatusOK, post(logout, "")))
			if len(b.cookie) > 0 {
				t.Errorf("the browser keeps %v", b.cookie)
			}
			for name, r := range map[string]*http.Request{
				"access token": bearer(access, get(me)), "refresh token": with(post(refresh, ""), "Cookie", "planpointRefresh="+refreshed),
			} {
				if a := s.call(t, r); a.status != http.StatusUnauthorized {
					t.Errorf("the %s still works: %d", name, a.status)
				}
			}
			if !other.signedIn(t) {
				t.Error("the other session ended, too")
			}
			b.cookie = map[string]string{"planpoint": access, "planpointRefresh": refreshed} // the answer was lost
			wantCleared(t, first, b.want(t, http.StatusOK, post(logout, "")))
			wantCleared(t, first, b.want(t, http.StatusOK, post(logout, "")))
		})
	}
}

// TestLogoutBy promises the end of the session whose credential was sent, whichever it is, and no other for an invalid one.
func TestLogoutBy(t *testing.T) {
	for _, test := range []struct {
		name    string
		request func(b browser) *http.Request
		ends    bool
	}{
		{"bearer", func(b browser) *http.Request { return bearer(b.cookie["planpoint"], post(logout, "")) }, true},
		{"access cookie", func(b browser) *http.Request {
			return with(post(logout, ""), "Cookie", "planpoint="+b.cookie["planpoint"])
		}, true},
		{"refresh cookie", func(b browser) *http.Request {
			return with(post(logout, ""), "Cookie", "planpointRefresh="+b.cookie["planpointRefresh"])
		}, true},
		{"refresh cookie beside a bad access cookie", func(b browser) *http.Request {
			return with(post(logout, ""), "Cookie", "planpoint=old; planpointRefresh="+b.cookie["planpointRefresh"])
		}, true},
		{"refresh cookie beside a bad bearer", func(b browser) *http.Request {
			return bearer("old", with(post(logout, ""), "Cookie", "planpointRefresh="+b.cookie["planpointRefresh"]))
		}, true},
		{"any body", func(b browser) *http.Request { return bearer(b.cookie["planpoint"], post(logout, `{"x`)) }, true},
		{"nothing", func(browser) *http.Request { return post(logout, "") }, false},
		{"junk", func(browser) *http.Request {
			return with(post(logout, ""), "Cookie", "planpoint=junk; planpointRefresh=junk")
		}, false},
		{"a refresh token as a bearer", func(b browser) *http.Request { return bearer(b.cookie["planpointRefresh"], post(logout, "")) }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			b := s.signIn(t, "ada")
			a := s.call(t, test.request(b))
			if a.status != http.StatusOK || len(a.cookies) != 2 {
				t.Errorf("%d %s, %d cookies; want 200 and both cleared", a.status, a.body, len(a.cookies))
			}
			if b.signedIn(t) == test.ends {
				t.Errorf("signed in = %t", !test.ends)
			}
		})
	}
}

// TestLogoutOfAll promises the end of all of the user's sessions and of no other user's, also by only a refresh token.
func TestLogoutOfAll(t *testing.T) {
	s := newServer(t)
	b, second, grace := s.signIn(t, "ada"), s.signIn(t, "ada"), s.signIn(t, "grace")
	if a := b.want(t, http.StatusOK, post(logout+"?all=true", "")); len(a.cookies) != 2 {
		t.Errorf("%d cookies, want both cleared", len(a.cookies))
	}
	if second.signedIn(t) || !grace.signedIn(t) {
		t.Errorf("ada's second session %t, grace's %t", second.signedIn(t), grace.signedIn(t))
	}

	// A day later the access token has expired, and the refresh token still names the user.
	b, second = s.signIn(t, "ada"), s.signIn(t, "ada")
	s.Clock.Advance(2 * day)
	b.want(t, http.StatusOK, post(logout+"?all=true", ""))
	second.want(t, http.StatusUnauthorized, post(refresh, ""))
}

// TestLogoutOfBothCookies promises that the sessions of both cookies end, of whichever users, and those of cookies that were
// sent twice; and that the answer expires every variant of these.
func TestLogoutOfBothCookies(t *testing.T) {
	s := newServer(t)
	ada, grace, third, kept := s.signIn(t, "ada"), s.signIn(t, "grace"), s.signIn(t, "ada"), s.signIn(t, "ada")
	a := s.call(t, with(post(logout, ""), "Cookie", "planpoint="+ada.cookie["planpoint"]+"; planpoint=junk; planpoint="+third.cookie["planpoint"]+
		"; planpointRefresh="+grace.cookie["planpointRefresh"]))
	if a.status != http.StatusOK || len(a.cookies) < 3 || a.cookie("planpointRefresh").MaxAge != -1 {
		t.Errorf("%d %s, cookies %v", a.status, a.body, a.header["Set-Cookie"])
	}
	for name, b := range map[string]browser{"ada": ada, "grace": grace, "third": third} {
		if b.signedIn(t) {
			t.Errorf("%s is still signed in", name)
		}
	}
	if !kept.signedIn(t) {
		t.Error("another session ended")
	}
}

// TestManyCookies promises that a request cannot make a logout read more than a few sessions.
func TestManyCookies(t *testing.T) {
	s := newServer(t)
	b := s.signIn(t, "ada")
	cookies := strings.Repeat("planpoint=junk; planpointRefresh=junk; ", 8) + "planpoint=" + b.cookie["planpoint"]
	if a := s.call(t, with(post(logout, ""), "Cookie", cookies)); a.status != http.StatusOK || !b.signedIn(t) {
		t.Errorf("%d %s, signed in %t; want the ninth cookie ignored", a.status, a.body, b.signedIn(t))
	}
}

// That all sessions have ended is never said to a client for which no session was ended.
func TestLogoutOfAllBySomebodyWhoIsNotSignedIn(t *testing.T) {
	s := newServer(t)
	b := s.signIn(t, "ada")
	replayed := b.cookie["planpointRefresh"]
	b.want(t, http.StatusOK, post(refresh, ""))
	s.Clock.Advance(time.Hour)
	second := s.signIn(t, "ada")
	for name, cookies := range map[string]string{
		"nothing": "theme=dark", "junk": "planpoint=junk; planpointRefresh=junk", "replayed": "planpointRefresh=" + replayed,
	} {
		if a := s.call(t, with(post(logout+"?all=true", ""), "Cookie", cookies)); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s, want 401", name, a.status, a.body)
		}
	}
	if b.signedIn(t) || !second.signedIn(t) {
		t.Error("the replayed session should have ended, and no other")
	}
}

// Only the one word means all.
func TestLogoutOfOne(t *testing.T) {
	s := newServer(t)
	second := s.signIn(t, "ada")
	for _, query := range []string{"?all=false", "?all=", "?all", "?ALL=true", "?all=true%20", "?x=all", "?%zz"} {
		s.signIn(t, "ada").want(t, http.StatusOK, post(logout+query, ""))
	}
	if !second.signedIn(t) {
		t.Error("all sessions ended")
	}
}
