package web_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/web"
)

func newNotices() (*web.Notices, *bytes.Buffer) {
	var log bytes.Buffer
	return web.NewNotices(slog.New(slog.NewTextHandler(&log, nil))), &log
}

// TestOriginNotices promises one log line for each origin whose pages cannot use the API, with the setting that lets it
// in, and none for requests that need nothing.
func TestOriginNotices(t *testing.T) {
	for _, test := range []struct {
		name, url, origin, site string
		preflight               bool
		want                    []string // what the one line has; none: there is no line
	}{
		{"a stranger", "https://login.example.com", "https://evil.example", "cross-site", false, []string{"origin=https://evil.example", "--allowed-origins"}},
		{"a stranger's preflight", "https://login.example.com", "https://evil.example", "cross-site", true, []string{"origin=https://evil.example"}},
		{"another port of this machine", "http://localhost:3000", "http://localhost:8080", "same-site", false, []string{"origin=http://localhost:8080"}},
		{"an app", "https://login.example.com", "capacitor://localhost", "", false, []string{"origin=capacitor://localhost"}},
		{"a file", "http://localhost:3000", "null", "cross-site", false, []string{"cannot be let in"}},
		{"a text that is not an origin", "https://login.example.com", "https://ada@example.com", "", false, nil},
		{"our own page", "https://login.example.com", "https://login.example.com", "same-origin", false, nil},
		{"our own page, behind a proxy", "http://10.0.0.1:3000", "https://login.example.com", "same-origin", false, nil},
		{"an allowed page", "https://login.example.com", friend, "cross-site", false, nil},
		{"no browser", "https://login.example.com", "", "", false, nil},

		{"localhost to 127.0.0.1", "http://127.0.0.1:3000", "http://localhost:5173", "cross-site", false,
			[]string{"page=http://localhost:5173", "api=127.0.0.1:3000", "callInstead=http://localhost:3000"}},
		{"localhost to ::1", "http://[::1]:3000", "http://localhost:5173", "cross-site", true, []string{"callInstead=http://localhost:3000"}},
		{"localhost to localhost", "http://localhost:3000", "http://localhost:5173", "same-site", false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			notices, log := newNotices()
			e, _ := newEndpoint(handleOK)
			e.Origins, e.Notices = friends(t), notices
			for range 3 {
				r := httptest.NewRequest(http.MethodPost, test.url+"/", nil)
				if test.origin != "" {
					r.Header.Set("Origin", test.origin)
				}
				if test.site != "" {
					r.Header.Set("Sec-Fetch-Site", test.site)
				}
				if test.preflight {
					r.Method = http.MethodOptions
					r.Header.Set("Access-Control-Request-Method", "POST")
				}
				call(e, r)
			}
			lines := strings.Count(log.String(), "\n")
			if (lines == 1) != (test.want != nil) || lines > 1 {
				t.Errorf("%d lines: %s", lines, log)
			}
			for _, part := range test.want {
				if !strings.Contains(log.String(), part) || !strings.Contains(log.String(), "level=WARN") {
					t.Errorf("no %s in %s", part, log)
				}
			}
		})
	}
}

// TestNoticesAreBounded promises that strangers cannot fill the log or the memory by inventing origins, and cannot keep
// another notice out of the log.
func TestNoticesAreBounded(t *testing.T) {
	notices, log := newNotices()
	e, _ := newEndpoint(handleOK)
	e.Notices = notices
	for i := range 1000 {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Origin", fmt.Sprintf("https://evil-%d.example", i))
		call(e, r)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 100 {
		t.Errorf("%d lines, want 100", lines)
	}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.RemoteAddr = "127.0.0.1:4711"
	r.Header.Set("X-Forwarded-For", "203.0.113.5")
	call(parseProxies(t).Handler(e, notices), r)
	if !strings.Contains(log.String(), "TRUSTED_PROXIES") {
		t.Error("no notice of the proxy after those of the origins")
	}
}

// TestProxyNotices promises one warning for each proxy of a deployment that is not declared or reports no client, by name, and
// none for strangers who only claim to forward.
func TestProxyNotices(t *testing.T) {
	for _, test := range []struct {
		name, peer string
		header     []string
		trusted    []string
		want       bool
	}{
		{"loopback", "127.0.0.1:4711", []string{"X-Forwarded-For", "203.0.113.5"}, nil, true},
		{"loopback, IPv6", "[::1]:4711", []string{"X-Forwarded-For", "203.0.113.5"}, nil, true},
		{"mapped", "[::ffff:127.0.0.1]:4711", []string{"X-Forwarded-For", "203.0.113.5"}, nil, true},
		{"private", "10.1.2.3:80", []string{"X-Forwarded-For", "203.0.113.5, 10.9.9.9"}, nil, true},
		{"private, IPv6", "[fd00::1]:80", []string{"X-Forwarded-For", "203.0.113.5"}, nil, true},
		{"link-local", "169.254.1.1:80", []string{"X-Forwarded-For", "203.0.113.5"}, nil, true},
		{"shared", "100.64.0.1:80", []string{"X-Forwarded-For", "203.0.113.5"}, nil, true},
		{"Forwarded", "192.168.0.1:80", []string{"Forwarded", "for=203.0.113.5"}, nil, true},
		{"nginx", "127.0.0.1:4711", []string{"X-Real-IP", "203.0.113.5"}, nil, true},
		{"Cloudflare's tunnel", "127.0.0.1:4711", []string{"CF-Connecting-IP", "2001:db8::5"}, nil, true},
		{"another header, with what we see", "10.0.0.7:0", []string{"X-Real-IP", "10.0.0.7"}, nil, false},
		{"no address in it", "172.16.0.1:80", []string{"X-Forwarded-For", "unknown"}, nil, true},
		{"another proxy is declared", "10.0.0.1:80", []string{"X-Forwarded-For", "203.0.113.5"}, []string{"10.0.0.2"}, true},

		{"declared, without the header", "127.0.0.1:4711", nil, []string{"127.0.0.1"}, true},
		{"declared, without an address", "127.0.0.1:4711", []string{"X-Forwarded-For", "unknown"}, []string{"127.0.0.1"}, true},
		{"declared, with its own address only", "10.0.0.1:80", []string{"X-Forwarded-For", "10.0.0.2"}, []string{"10.0.0.0/8"}, true},

		{"declared", "127.0.0.1:4711", []string{"X-Forwarded-For", "203.0.113.5"}, []string{"127.0.0.1"}, false},
		{"a stranger", "203.0.113.7:80", []string{"X-Forwarded-For", "198.51.100.1"}, nil, false},
		{"no proxy", "127.0.0.1:4711", nil, nil, false},
		{"a gateway that repeats what we see", "10.0.0.7:0", []string{"X-Forwarded-For", "203.0.113.5, 10.0.0.7"}, nil, false},
		{"empty", "127.0.0.1:4711", []string{"X-Forwarded-For", ""}, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			notices, log := newNotices()
			handler := parseProxies(t, test.trusted...).Handler(http.NotFoundHandler(), notices)
			for range 105 {
				r := httptest.NewRequest(http.MethodPost, "/", nil)
				r.RemoteAddr = test.peer
				if test.header != nil {
					r.Header.Set(test.header[0], test.header[1])
				}
				call(handler, r)
			}
			lines := strings.Count(log.String(), "\n")
			if (lines == 1) != test.want || lines > 1 {
				t.Errorf("%d lines: %s", lines, log)
			}
			if test.want && (!strings.Contains(log.String(), "peer=") || !strings.Contains(log.String(), "TRUSTED_PROXIES")) {
				t.Errorf("the line does not say what to do: %s", log)
			}
		})
	}
}
