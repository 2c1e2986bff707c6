package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// endpoint is one of them, and how a signed-in browser asks it for what succeeds.
type endpoint struct {
	method, path string
	success      int
}

func endpoints() []endpoint {
	return []endpoint{
		{"GET", me, 200}, {"GET", sessions, 200}, {"POST", refresh, 200}, {"DELETE", sessions + "/other", 404}, {"POST", logout, 200},
	}
}

// TestMethods promises 405 with Allow to each method but one, and that asking so changes nothing.
func TestMethods(t *testing.T) {
	s := newServer(t)
	b := s.signIn(t, "ada")
	for _, e := range endpoints() {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "LOGIN"} {
			allow := strings.Replace(e.method, "GET", "GET, HEAD", 1)
			if strings.Contains(allow, method) {
				continue
			}
			a := b.send(t, request(method, e.path, ""))
			if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != allow {
				t.Errorf("%s %s: %d, Allow %q; want 405, %s", method, e.path, a.status, a.header.Get("Allow"), allow)
			}
		}
	}
	if !b.signedIn(t) {
		t.Error("one of these ended the session")
	}
}

// TestOtherPaths promises that one spelling of a path reaches an endpoint, and every other is a 404.
func TestOtherPaths(t *testing.T) {
	s := newServer(t)
	b := s.signIn(t, "ada")
	for _, path := range []string{
		"/", "/api/users", "/api/users/", me + "/", "//api/users/me", "/api//users/me", "/api/users/./me", "/api/users/%6de", "/API/users/me",
		sessions + "/", sessions + "/a/b", "/api/users/sessionsX", "/me", "/base" + me, refresh + "/", logout + ";all=true",
	} {
		if a := b.send(t, get(path)); a.status != http.StatusNotFound || a.body != `{"message":"Not Found"}` {
			t.Errorf("%s: %d %s, want 404", path, a.status, a.body)
		}
	}
}

// A page of another site can do nothing here, not even read; one that is allowed can do everything.
func TestCrossSite(t *testing.T) {
	evil := []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
		{"Origin": {"https://evil.example"}},
		{"Origin": {"null"}},
		{"Origin": {"https://app.example.org.evil.example"}},
		{"Origin": {"https://app.example.org", "https://evil.example"}},
		{"Sec-Fetch-Site": {"same-origin", "cross-site"}},
		{"Sec-Fetch-Site": {"unheard-of"}},
	}
	fine := []http.Header{
		{}, {"Sec-Fetch-Site": {"same-origin"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Sec-Fetch-Site": {"none"}},
		{"Origin": {"https://login.example.com"}},
		{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://app.example.org"}},
	}
	s := newServer(t)
	for _, e := range endpoints() {
		b := s.signIn(t, "ada")
		for _, header := range evil {
			r := request(e.method, e.path, "")
			r.Header = header.Clone()
			if a := b.send(t, r); a.status != http.StatusForbidden || a.body != `{"message":"Not allowed from this site"}` {
				t.Errorf("%s %s with %v: %d %s, want 403", e.method, e.path, header, a.status, a.body)
			}
		}
		if !b.signedIn(t) {
			t.Fatalf("%s %s was refused and ended the session", e.method, e.path)
		}
		for _, header := range fine {
			r := request(e.method, e.path, "")
			r.Header = header.Clone()
			a := s.signIn(t, "ada").send(t, r)
			allowed := header.Get("Origin") == "https://app.example.org"
			if a.status != e.success || (a.header.Get("Access-Control-Allow-Credentials") == "true") != allowed {
				t.Errorf("%s %s with %v: %d %s, want %d", e.method, e.path, header, a.status, a.body, e.success)
			}
			if vary := a.header.Get("Vary"); vary != "Origin" {
				t.Errorf("%s %s: Vary is %q", e.method, e.path, vary)
			}
		}
	}
}

// TestPreflight promises an allowed origin the method of each endpoint.
func TestPreflight(t *testing.T) {
	s := newServer(t)
	for _, e := range endpoints() {
		r := with(with(request("OPTIONS", e.path, ""), "Origin", "https://app.example.org"), "Access-Control-Request-Method", e.method)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if rec.Code != http.StatusNoContent || rec.Header().Get("Access-Control-Allow-Methods") != e.method {
			t.Errorf("%s: %d, allowed %q; want 204, %s", e.path, rec.Code, rec.Header().Get("Access-Control-Allow-Methods"), e.method)
		}
	}
}

// A cookie that was sent twice may be one that a sibling host set, and it is not known which. Only a logout takes them all.
func TestDuplicateCookies(t *testing.T) {
	s := newServer(t)
	b := s.signIn(t, "ada")
	access, token := "planpoint="+b.cookie["planpoint"], "planpointRefresh="+b.cookie["planpointRefresh"]
	for _, test := range []struct {
		name, method, path, cookies string
	}{
		{"me", "GET", me, access + "; " + access},
		{"me, the second is junk", "GET", me, access + "; planpoint=junk"},
		{"me, the first is empty", "GET", me, "planpoint=; " + access},
		{"list", "GET", sessions, access + "; " + access},
		{"end", "DELETE", sessions + "/" + b.id(t), access + "; " + access},
		{"refresh", "POST", refresh, token + "; " + token},
		{"refresh, the second is junk", "POST", refresh, token + "; planpointRefresh=junk"},
	} {
		for how, r := range map[string]*http.Request{
			"one header": with(request(test.method, test.path, ""), "Cookie", test.cookies),
			"beside a bearer": bearer(b.cookie["planpoint"],
				with(request(test.method, test.path, ""), "Cookie", test.cookies)),
		} {
			if a := s.call(t, r); a.status != http.StatusBadRequest || a.body != `{"message":"A session cookie was sent twice"}` {
				t.Errorf("%s, %s: %d %s, want 400", test.name, how, a.status, a.body)
			}
		}
	}
	two := with(with(get(me), "Cookie", access), "Cookie", access)
	if a := s.call(t, two); a.status != http.StatusBadRequest {
		t.Errorf("two headers: %d, want 400", a.status)
	}
	if !b.signedIn(t) {
		t.Error("one of these ended the session")
	}
}

// Our own fault is a 500 with a constant body and Retry-After, never a 401, and keeps the cookies.
func TestFailures(t *testing.T) {
	s := newServer(t)
	b := s.signIn(t, "ada")
	id := b.id(t)
	for _, test := range []struct {
		method, path string
		failing      []string
	}{
		{"GET", me, []string{"VerifyToken", "SessionAndUser"}},
		{"GET", sessions, []string{"VerifyToken", "SessionAndUser", "SessionsOf"}},
		{"DELETE", sessions + "/" + id, []string{"VerifyToken", "SessionAndUser", "EndSession"}},
		{"POST", refresh, []string{"SessionAndUser", "MAC", "Sign", "RotateSession"}},
		{"POST", logout, []string{"VerifyToken", "SessionAndUser", "EndSession"}},
		{"POST", logout + "?all=true", []string{"VerifyToken", "SessionAndUser", "EndSessions"}},
	} {
		for _, failing := range test.failing {
			heal := s.fail(failing)
			a := b.send(t, request(test.method, test.path, ""))
			heal()
			if a.status != http.StatusInternalServerError || a.body != `{"message":"Internal server error"}` || a.header.Get("Retry-After") != "5" {
				t.Errorf("%s %s without %s: %d %s, want 500", test.method, test.path, failing, a.status, a.body)
			}
		}
	}
	heal := s.fail("MAC") // with only the refresh token
	delete(b.cookie, "planpoint")
	b.want(t, http.StatusInternalServerError, post(logout, ""))
	heal()
	b.want(t, http.StatusOK, post(refresh, ""))
	b.want(t, http.StatusOK, get(me))
}

// A replay whose end cannot be stored is our fault as well, and ends with the next try.
func TestAReplayWhileTheStoreFails(t *testing.T) {
	s := newServer(t, "REFRESH_GRACE", "0s", "REFRESH_RETRY", "0s")
	b := s.signIn(t, "ada")
	old := browser{s, map[string]string{"planpointRefresh": b.cookie["planpointRefresh"]}}
	b.want(t, http.StatusOK, post(refresh, ""))
	heal := s.fail("EndSession")
	old.want(t, http.StatusInternalServerError, post(refresh, ""))
	heal()
	if !b.signedIn(t) {
		t.Error("the session ended, and nobody was told")
	}
	old.want(t, http.StatusUnauthorized, post(refresh, ""))
	if b.signedIn(t) {
		t.Error("the replayed session goes on")
	}
}
