package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/web"
)

const friend = "https://app.example.org"

func friends(t *testing.T) web.Origins {
	t.Helper()
	origins, err := web.ParseOrigins([]string{"http://localhost:5173", friend})
	if err != nil {
		t.Fatal(err)
	}
	return origins
}

// TestParseOrigins promises that only origins in the spelling of browsers and apps are accepted.
func TestParseOrigins(t *testing.T) {
	for _, good := range []string{
		"https://example.com", "http://localhost", "http://localhost:3000", "https://example.com:8443", "http://127.0.0.1:65535",
		"https://[2001:db8::1]", "https://xn--mnchen-3ya.example", "capacitor://localhost", "ionic://localhost", "tauri://localhost",
		"app://obsidian.md", "app://.", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "moz-extension://0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f",
		"safari-web-extension://0A1B2C3D-0000-4000-8000-0A1B2C3D4E5F", "vscode-webview://abc123", "com.example.app://callback", "wails://wails.localhost:34115",
		"ftp://example.com", "ws://localhost:8080",
	} {
		if got, err := web.ParseOrigins([]string{good}); err != nil || len(got) != 1 || got[0] != good {
			t.Errorf("ParseOrigins(%q) = %q, %v", good, got, err)
		}
	}
	if got, err := web.ParseOrigins(nil); err != nil || len(got) != 0 {
		t.Errorf("ParseOrigins of nothing = %q, %v", got, err)
	}
	for _, bad := range []string{
		"", "*", "null", "example.com", "//example.com", "https://", "https://*.example.com", "https://example.com/",
		"https://example.com/app", "https://example.com?x", "https://example.com#x", "https://Example.com", "HTTPS://example.com",
		"https://user@example.com", "file:///etc", "file://", "file://localhost", "capacitor://", "capacitor:localhost", "capacitor://localhost/",
		"Capacitor://localhost", "capacitor://*", "data:text/html,x", "about:blank", "blob:https://example.com/1", "://localhost", "1app://localhost",
		"wss://example.com:443", "ws://LOCALHOST", "https://example.com ", " https://example.com",
		"https://example.com,https://example.org", "https://exa mple.com", "https://example.com:", "https://example.com:443", "https://example.com:0443", "http://localhost:05173",
		"http://localhost:0", "http://localhost:65536", "app://localhost:99999",
		"http://example.com:80", "https://m\u00fcnchen.example", "https://example.com\n",
	} {
		if got, err := web.ParseOrigins([]string{friend, bad}); err == nil || got != nil {
			t.Errorf("ParseOrigins(%q) = %q, want an error: no browser sends it", bad, got)
		}
	}
}

// TestCrossSiteRule promises the rule for calls to login.example.com, with and without an allowed origin.
func TestCrossSiteRule(t *testing.T) {
	const own, subdomain, stranger = "https://login.example.com", "https://www.example.com", "https://evil.example"
	for _, test := range []struct {
		name          string
		site, origins []string // values of Sec-Fetch-Site and Origin, one header each
		open, listed  bool     // answered where nobody, and where friend is on the list
	}{
		{"no browser", nil, nil, true, true},
		{"same origin", []string{"same-origin"}, []string{own}, true, true},
		{"same origin, without Origin", []string{"same-origin"}, nil, true, true},
		{"same site", []string{"same-site"}, []string{subdomain}, true, true},
		{"typed by the user", []string{"none"}, nil, true, true},
		{"cross-site", []string{"cross-site"}, []string{stranger}, false, false},
		{"cross-site, from a friend", []string{"cross-site"}, []string{friend}, false, true},
		{"cross-site, without Origin", []string{"cross-site"}, nil, false, false},
		{"cross-site, opaque", []string{"cross-site"}, []string{"null"}, false, false},
		{"cross-site, claiming our host", []string{"cross-site"}, []string{own}, false, false},
		{"a word that is none", []string{"Same-Origin"}, []string{own}, false, false},
		{"a word to come", []string{"same-party"}, nil, false, false},
		{"joined by a gateway", []string{"cross-site, same-origin"}, []string{stranger}, false, false},
		{"two of them", []string{"same-origin", "cross-site"}, nil, false, false},

		{"old browser, our host", nil, []string{own}, true, true},
		{"old browser, our host in capitals", nil, []string{"https://LOGIN.example.com"}, true, true},
		{"old browser, stranger", nil, []string{stranger}, false, false},
		{"old browser, friend", nil, []string{friend}, false, true},
		{"old browser, subdomain", nil, []string{subdomain}, false, false},
		{"old browser, opaque", nil, []string{"null"}, false, false},
		{"old browser, other port", nil, []string{own + ":8443"}, false, false},
		{"no URL", nil, []string{"://"}, false, false},
		{"our host as a path", nil, []string{"login.example.com"}, false, false},
		{"our host as a user", nil, []string{"https://login.example.com@evil.example"}, false, false},
		{"our host as a beginning", nil, []string{own + ".evil.example"}, false, false},
		{"a friend as an end", nil, []string{"https://evil" + friend[len("https://"):]}, false, false},
		{"a friend as a beginning", nil, []string{friend + ".evil.example"}, false, false},
		{"a friend over http", nil, []string{"http://app.example.org"}, false, false},
		{"a friend in capitals, as no browser writes", nil, []string{"https://APP.example.org"}, false, false},
		{"two origins", nil, []string{friend, stranger}, false, false},
		{"two origins, ours first", nil, []string{own, stranger}, false, false},
		{"two origins in one", nil, []string{friend + " " + stranger}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, list := range []web.Origins{nil, friends(t)} {
				e, _ := newEndpoint(handleOK)
				e.Origins = list
				r := httptest.NewRequest(http.MethodPost, own+"/", nil)
				r.Header["Sec-Fetch-Site"], r.Header["Origin"] = test.site, test.origins
				want := map[bool]int{true: 200, false: 403}[test.open && list == nil || test.listed && list != nil]
				if answer, body := call(e, r); answer.StatusCode != want {
					t.Errorf("list %v: %d %s, want %d", list, answer.StatusCode, body, want)
				}
			}
		})
	}
}

// TestCORS promises headers for the origins on the list, to the letter, and for no others.
func TestCORS(t *testing.T) {
	named := []string{"Vary", "Origin", "Access-Control-Allow-Origin", friend, "Access-Control-Allow-Credentials", "true"}
	shared := append([]string{"Access-Control-Expose-Headers", "Retry-After"}, named...)
	asked := append([]string{
		"Access-Control-Allow-Methods", "POST", "Access-Control-Allow-Headers", "Authorization, Content-Type",
		"Access-Control-Max-Age", "600",
	}, named...)
	vary := []string{"Vary", "Origin"}
	for _, test := range []struct {
		name           string
		list           web.Origins
		method, origin string
		preflight      bool
		status         int
		header         []string
	}{
		{"friend", friends(t), "POST", friend, false, 200, shared},
		{"friend, refused", friends(t), "GET", friend, false, 405, append([]string{"Allow", "POST"}, shared...)},
		{"stranger", friends(t), "POST", "https://evil.example", false, 403, vary},
		{"opaque", friends(t), "POST", "null", false, 403, vary},
		{"no browser", friends(t), "POST", "", false, 200, vary},
		{"no list, no word of CORS", nil, "POST", "", false, 200, nil},
		{"friend of nobody", nil, "POST", friend, false, 403, nil},
		{"preflight of a friend", friends(t), "OPTIONS", friend, true, 204, asked},
		{"preflight of a stranger", friends(t), "OPTIONS", "https://evil.example", true, 204, vary},
		{"preflight, opaque", friends(t), "OPTIONS", "null", true, 204, vary},
		{"preflight without a list", nil, "OPTIONS", friend, true, 204, nil},
		{"OPTIONS that asks nothing", friends(t), "OPTIONS", "", false, 405, append([]string{"Allow", "POST"}, vary...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, _ := newEndpoint(handleOK)
			e.Origins = test.list
			r := httptest.NewRequest(test.method, "https://login.example.com/", nil)
			if test.origin != "" {
				r.Header.Set("Origin", test.origin)
			}
			if test.preflight {
				r.Header.Set("Access-Control-Request-Method", "POST")
				r.Header.Set("Sec-Fetch-Site", "cross-site")
			}
			answer, body := call(e, r)
			want := standing(test.header...)
			if test.preflight {
				want.Del("Content-Type")
				if body != "" {
					t.Errorf("a 204 with a body: %q", body)
				}
			}
			if d := cmp.Diff(want, answer.Header); answer.StatusCode != test.status || d != "" {
				t.Errorf("status %d, want %d; headers differ (-want +got):\n%s", answer.StatusCode, test.status, d)
			}
		})
	}
}

// TestOriginHelp promises that the error for an origin says what to write instead.
func TestOriginHelp(t *testing.T) {
	for origin, want := range map[string]string{
		"https://app.example.com/":  `"https://app.example.com" without the slash at the end`,
		"capacitor://localhost//":   `"capacitor://localhost" without the slash at the end`,
		"https://App.example.com":   "in lower case",
		"https://example.com:443":   "without the default port",
		"file:///home/ada/app.html": "serve the page over HTTP",
		"app.example.com":           "like https://app.example.com",
	} {
		if _, err := web.ParseOrigins([]string{origin}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", origin, err, want)
		}
	}
}

// TestPreflightHeaders promises that an allowed page may send what it asks for, whatever tracer adds it, and nothing
// that is not a header.
func TestPreflightHeaders(t *testing.T) {
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("x-%d", i))
	}
	const ours = "Authorization, Content-Type"
	for _, test := range []struct {
		name  string
		asked []string
		want  string
	}{
		{"none", nil, ours},
		{"ours", []string{"authorization,content-type"}, ours},
		{"a tracer's", []string{"content-type,traceparent"}, ours + ", traceparent"},
		{"several, with spaces", []string{"baggage, content-type, sentry-trace,tracestate"}, ours + ", baggage, sentry-trace, tracestate"},
		{"in two headers", []string{"x-datadog-trace-id", "x-requested-with"}, ours + ", x-datadog-trace-id, x-requested-with"},
		{"twice", []string{"traceparent,TraceParent"}, ours + ", traceparent"},
		{"no tokens", []string{"a b, x:y, \"q\", , é, *, ok"}, ours + ", ok"},
		{"too many", []string{strings.Join(many, ",")}, ours + ", " + strings.Join(many[:62], ", ")},
	} {
		for origin, want := range map[string]string{friend: test.want, "https://evil.example": ""} {
			e, _ := newEndpoint(handleOK)
			e.Origins = friends(t)
			r := httptest.NewRequest(http.MethodOptions, "https://login.example.com/", nil)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			r.Header["Access-Control-Request-Headers"] = test.asked
			if answer, _ := call(e, r); answer.StatusCode != 204 || answer.Header.Get("Access-Control-Allow-Headers") != want {
				t.Errorf("%s from %s: %d %q, want %q", test.name, origin, answer.StatusCode, answer.Header.Get("Access-Control-Allow-Headers"), want)
			}
		}
	}
}

// TestPreflightDoesNothing promises that a preflight, which carries no credentials, never reaches the handler.
func TestPreflightDoesNothing(t *testing.T) {
	e, _ := newEndpoint(func(http.ResponseWriter, *http.Request) error {
		t.Error("a preflight reached the handler")
		return nil
	})
	e.Origins = friends(t)
	r := httptest.NewRequest(http.MethodOptions, "/", nil)
	r.Header.Set("Origin", friend)
	r.Header.Set("Access-Control-Request-Method", "POST")
	call(e, r)
}

// TestCORSExposesRefusals promises that a page of an allowed origin can read the header that a refusal adds, such as
// WWW-Authenticate, and that other answers do not name it.
func TestCORSExposesRefusals(t *testing.T) {
	const readable = "Access-Control-Expose-Headers"
	for name, want := range map[string]string{friend: "Retry-After, WWW-Authenticate", "": ""} {
		e, _ := newEndpoint(func(http.ResponseWriter, *http.Request) error { return askAgain{web.ErrCrossSite} })
		e.Origins = friends(t)
		r := httptest.NewRequest(http.MethodPost, "https://login.example.com/", nil)
		if name != "" {
			r.Header.Set("Origin", name)
		}
		answer, _ := call(e, r)
		if got := answer.Header.Get(readable); got != want || answer.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("origin %q: %s is %q, want %q", name, readable, got, want)
		}
	}
}

// askAgain is a refusal that adds a header to its answer.
type askAgain struct{ error }

func (a askAgain) Unwrap() error              { return a.error }
func (askAgain) Header() (name, value string) { return "WWW-Authenticate", "Bearer" }
