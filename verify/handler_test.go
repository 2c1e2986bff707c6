package verify_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/jwk"
	"latchkey/verify"
)

const (
	challenge = `Bearer realm="https://login.example.com/prod"`
	invalid   = challenge + `, error="invalid_token"`
)

// TestHandler promises which requests are accepted, and the answer to the others (RFC 6750 3).
func TestHandler(t *testing.T) {
	l := newLogin(t, jwk.ES256)
	good := l.token(t)
	v := newVerifier(t, l, verify.WithCookie("planpoint", "https://app.example.com"))
	bearer, cookie := []string{"Authorization", "Bearer " + good}, []string{"Cookie", "theme=dark; planpoint=" + good}
	and := func(header []string, more ...string) []string { return append(append([]string{}, header...), more...) }
	for _, test := range []struct {
		name, method string
		header       []string
		status       int
		challenge    string
	}{
		{"bearer", "GET", bearer, 200, ""},
		{"bearer, changing", "POST", bearer, 200, ""},
		{"bearer from another site", "POST", and(bearer, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"), 200, ""},
		{"cookie", "GET", cookie, 200, ""},
		{"cookie, reading from another site", "GET", and(cookie, "Sec-Fetch-Site", "cross-site"), 200, ""},
		{"cookie, changing at home", "POST", and(cookie, "Sec-Fetch-Site", "same-origin"), 200, ""},
		{"cookie, changing from a trusted origin", "POST", and(cookie, "Sec-Fetch-Site", "same-site", "Origin", "https://app.example.com"), 200, ""},
		{"cookie, changing, no browser", "POST", cookie, 200, ""},
		{"cookie, changing from another site", "POST", and(cookie, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"), 403, ""},
		{"cookie, changing from a sibling", "DELETE", and(cookie, "Sec-Fetch-Site", "same-site", "Origin", "https://x.example.com"), 403, ""},
		{"cookie, changing, an old browser", "POST", and(cookie, "Origin", "https://evil.example"), 403, ""},
		{"nothing", "GET", nil, 401, challenge},
		{"another cookie", "GET", []string{"Cookie", "planpointRefresh=" + good}, 401, challenge},
		{"bad bearer", "GET", []string{"Authorization", "Bearer x"}, 401, invalid},
		{"bad bearer, good cookie", "GET", and(cookie, "Authorization", "Bearer x"), 401, invalid},
		{"another scheme, good cookie", "GET", and(cookie, "Authorization", "Basic YTpi"), 401, invalid},
		{"two bearers", "GET", and(bearer, bearer...), 401, invalid},
		{"two cookies", "GET", and(cookie, cookie...), 401, invalid},
		{"in the query alone", "GET", []string{"X-Token", good}, 401, challenge},
	} {
		answer, body := call(v, test.method, test.header...)
		if answer.StatusCode != test.status || answer.Header.Get("WWW-Authenticate") != test.challenge {
			t.Errorf("%s: %d, %q", test.name, answer.StatusCode, answer.Header.Get("WWW-Authenticate"))
		}
		if test.status == 200 {
			if body != "user-1" {
				t.Errorf("%s: the handler saw %q", test.name, body)
			}
			continue
		}
		if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(body, `{"message":"`) {
			t.Errorf("%s: %v, %s", test.name, answer.Header, body)
		}
	}
}

// TestCookieIsOff promises that without WithCookie no cookie signs anyone in.
func TestCookieIsOff(t *testing.T) {
	l := newLogin(t, jwk.ES256)
	if answer, _ := call(newVerifier(t, l), "GET", "Cookie", "planpoint="+l.token(t)); answer.StatusCode != 401 {
		t.Errorf("%d", answer.StatusCode)
	}
}

// TestHandlerUnavailable promises 503 if keys are unavailable, and a log line that says why without the token.
func TestHandlerUnavailable(t *testing.T) {
	l := newLogin(t, jwk.ES256)
	l.down = true
	var log bytes.Buffer
	v := newVerifier(t, l, verify.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	good := l.token(t)
	answer, body := call(v, "GET", "Authorization", "Bearer "+good)
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || answer.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("%d %s, %v", answer.StatusCode, body, answer.Header)
	}
	call(v, "GET", "Authorization", "Bearer "+good[:len(good)-1])
	if !strings.Contains(log.String(), "connection refused") || strings.Contains(log.String(), good[:20]) {
		t.Errorf("logged: %s", log.String())
	}
}

// TestFromContext promises no claims without a Handler.
func TestFromContext(t *testing.T) {
	if c, ok := verify.FromContext(t.Context()); ok || c.Subject != "" {
		t.Errorf("%+v", c)
	}
}
