package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// browser is one that keeps cookies as browsers do, and finds every host below example.com at the server.
type browser struct {
	testing.TB
	http.Client
	base string // of the server
}

func (s *server) browser() *browser {
	s.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	return &browser{TB: s.TB, Client: http.Client{Jar: jar, Transport: proxied(s.base)}, base: s.base}
}

// proxied sends requests for https://login.example.com to the server, as a proxy that speaks HTTPS does.
type proxied string

func (base proxied) RoundTrip(r *http.Request) (*http.Response, error) {
	there, err := url.Parse(string(base))
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	r.URL.Scheme, r.URL.Host = there.Scheme, there.Host
	return http.DefaultTransport.RoundTrip(r)
}

const loginHost = "https://login.example.com"

// page is what a page in the browser sends, and from where; header is name and value by turns.
type page struct {
	method, path, body string
	header             []string
}

type seen struct {
	status  int
	said    string
	cookies []string // names of those set
	header  http.Header
}

func (b *browser) send(p page) seen {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), p.method, loginHost+p.path, strings.NewReader(p.body))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < len(p.header); i += 2 {
		r.Header.Add(p.header[i], p.header[i+1])
	}
	res, err := b.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	got := seen{status: res.StatusCode, said: string(said), header: res.Header}
	for _, c := range res.Cookies() {
		got.cookies = append(got.cookies, c.Name)
	}
	return got
}

func (b *browser) signIn(email string) seen {
	b.Helper()
	return b.send(page{http.MethodPost, "/api/users/login", `{"username":"` + email + `","password":"` + secretPassword + `"}`,
		[]string{"Content-Type", "application/json", "Origin", loginHost, "Sec-Fetch-Site", "same-origin"}})
}

// forms are the bodies that a page of any site may have a browser send without asking first.
func forms(t *testing.T) map[string][]string {
	t.Helper()
	object := `{"username":"eve@example.com","password":"` + secretPassword + `","email":"eve@example.com"`
	var multi bytes.Buffer
	w := multipart.NewWriter(&multi)
	w.WriteField("username", "eve@example.com")
	w.WriteField("password", secretPassword)
	w.Close()
	return map[string][]string{
		"a form":                     {"application/x-www-form-urlencoded", "username=eve%40example.com&email=eve%40example.com&password=" + url.QueryEscape(secretPassword)},
		"a form with JSON in it":     {"application/x-www-form-urlencoded", object + "}"},
		"multipart":                  {w.FormDataContentType(), multi.String()},
		"text/plain, JSON by a name": {"text/plain", object + `,"x":"=y"}`},
		"JSON as text/plain":         {"text/plain;charset=UTF-8", object + "}"},
		"JSON in a longer type":      {"text/plain; application/json", object + "}"},
		"two types":                  {"application/json, text/plain", object + "}"},
		"no type":                    {"", object + "}"},
		"JSON":                       {"application/json", object + "}"}, // a browser asks first; this one does not
	}
}

// TestAttackLoginCSRF promises that a page of another site cannot sign a browser in, keep it signed in, or sign it out:
// neither by what browsers send of themselves nor by what they ask for first.
func TestAttackLoginCSRF(t *testing.T) {
	inFull(t)
	l := newLaptop(t)
	s, _ := l.besieged("--issuer", loginHost)
	l.ok(`{"id":"u-eve","email":"eve@example.com","password":"`+secretPassword+`","status":"ready"}`, "users", "import", "-")
	b := s.browser()
	if got := b.signIn("ada@example.com"); got.status != 200 || len(got.cookies) != 2 {
		t.Fatalf("Ada signs in: %+v", got)
	}
	origins := map[string][]string{
		"of another site":                 {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"of another site, Origin alone":   {"Origin", "https://evil.example"},
		"of a host that sounds like ours": {"Origin", "https://login.example.com.evil.example"},
		"of a sandbox":                    {"Origin", "null"},
		"without Origin":                  {"Sec-Fetch-Site", "cross-site"},
		"with our Origin as well":         {"Origin", "https://evil.example", "Origin", loginHost},
	}
	paths := []string{"/api/users/login", "/users/login", "/api/users/refresh", "/api/users/logout", "/api/users/logout?all=true"}
	ended, sent := map[int]int{}, 0
	for from, header := range origins {
		for kind, form := range forms(t) {
			for _, path := range paths {
				got := b.send(page{http.MethodPost, path, form[1], append([]string{"Content-Type", form[0]}, header...)})
				sent++
				ended[got.status]++
				if got.status != http.StatusForbidden || len(got.cookies) > 0 {
					t.Errorf("%s to %s from a page %s: %+v", kind, path, from, got)
				}
			}
		}
	}
	tell(t, "from pages of other sites: %d requests of %d kinds to %d paths, by status: %v", sent, len(forms(t)), len(paths), ended)
	b.formsOfOldBrowsers(t)
	b.whatIsAskedFirst(t, paths)
	me := b.send(page{http.MethodGet, "/api/users/me", "", []string{"Sec-Fetch-Site", "same-origin"}})
	tell(t, "the browser is still: %d %.80s…", me.status, me.said)
	if me.status != 200 || !strings.Contains(me.said, "ada@example.com") {
		t.Errorf("Ada is not Ada any more: %+v", me)
	}
}

// formsOfOldBrowsers say nothing of where they come from: then it is the type of the body that stops a sign-in.
func (b *browser) formsOfOldBrowsers(t *testing.T) {
	ended := map[int]int{}
	for kind, form := range forms(t) {
		for _, path := range []string{"/api/users/login", "/users/login"} {
			if kind == "JSON" {
				continue
			}
			got := b.send(page{http.MethodPost, path, form[1], []string{"Content-Type", form[0]}})
			ended[got.status]++
			if got.status != http.StatusBadRequest || len(got.cookies) > 0 {
				t.Errorf("%s to %s without Origin: %+v", kind, path, got)
			}
		}
	}
	link := b.send(page{http.MethodGet, "/api/users/login?username=eve@example.com&password=" + url.QueryEscape(secretPassword), "", nil})
	tell(t, "sign-ins by forms that do not say where they come from, by status: %v; by a link: %d", ended, link.status)
	if link.status != http.StatusMethodNotAllowed || len(link.cookies) > 0 {
		t.Errorf("a link: %+v", link)
	}
}

// whatIsAskedFirst is never allowed: a browser then sends nothing.
func (b *browser) whatIsAskedFirst(t *testing.T, paths []string) {
	for _, path := range paths {
		got := b.send(page{http.MethodOptions, path, "", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site",
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"}})
		for name := range got.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s answers a preflight with %s: %q", path, name, got.header[name])
			}
		}
	}
	tell(t, "preflights of %d paths: nothing is allowed", len(paths))
}

// toss sets cookies for all of example.com, as a page of a sibling host may.
func (b *browser) toss(path, name, value string) {
	b.Helper()
	sibling, err := url.Parse("https://blog.example.com/")
	if err != nil {
		b.Fatal(err)
	}
	b.Jar.SetCookies(sibling, []*http.Cookie{{Name: name, Value: value, Domain: "example.com", Path: path, Secure: true}})
}

// TestAttackCookieTossing promises that a browser which sends both a session cookie of ours and a stranger's is refused, and
// never mistaken for the stranger, in any order; that it can still sign out; and what a sibling host can do anyway.
func TestAttackCookieTossing(t *testing.T) {
	inFull(t)
	l := newLaptop(t)
	s, _ := l.besieged("--issuer", loginHost)
	l.ok(`{"id":"u-eve","email":"eve@example.com","password":"`+secretPassword+`","status":"ready"}`, "users", "import", "-")
	at, _ := url.Parse(loginHost + "/api/users/refresh")
	evils := func(name string) (value string) {
		evil := s.browser()
		evil.signIn("eve@example.com")
		for _, c := range evil.Jar.Cookies(at) {
			if c.Name == name {
				value = c.Value
			}
		}
		return value
	}
	me, refresh, logout := page{method: "GET", path: "/api/users/me"}, page{method: "POST", path: "/api/users/refresh"}, page{method: "POST", path: "/api/users/logout"}
	for _, tc := range []struct {
		what, path, name string
		tried            page
		status           int
	}{
		{"a shadow for all of example.com", "/", "planpoint", me, 400},
		{"a shadow for a longer path, which is sent first", "/api/users/me", "planpoint", me, 400},
		{"a refresh token for a longer path", "/api/users/refresh", "planpointRefresh", refresh, 400},
		{"a refresh token for all paths", "/", "planpointRefresh", refresh, 400},
		{"at the logout", "/api/users/logout", "planpointRefresh", logout, 200},
		{"at the logout, by the access token", "/", "planpoint", logout, 200},
	} {
		ada := s.browser()
		ada.signIn("ada@example.com")
		ada.toss(tc.path, tc.name, evils(tc.name))
		got := ada.send(tc.tried)
		tell(t, "%s: %s %s: %d %s", tc.what, tc.tried.method, tc.tried.path, got.status, got.said)
		if got.status != tc.status || tc.status != 200 && len(got.cookies) > 0 || strings.Contains(got.said, "eve@") {
			t.Errorf("%s: %+v", tc.what, got)
		}
	}
	again := s.browser()
	again.toss("/", "planpoint", "garbage")
	if got := again.signIn("ada@example.com"); got.status != 200 || len(got.cookies) != 2 {
		t.Errorf("a tossed cookie keeps Ada from signing in: %+v", got)
	}
	tell(t, "not held: of a browser that is not signed in, a sibling host can make one that is: %d", s.tossedAlone(evils("planpoint")))
}

// tossedAlone is what the exception in SECURITY.md is about: the names of the cookies have no __Host-.
func (s *server) tossedAlone(access string) int {
	nobody := s.browser()
	nobody.toss("/", "planpoint", access)
	return nobody.send(page{method: http.MethodGet, path: "/api/users/me"}).status
}
