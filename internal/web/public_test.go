package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPublicEndpoint promises that every client can read a public document, from any site and with HEAD too, also if a tracer
// adds headers, and that cookies are not sent.
func TestPublicEndpoint(t *testing.T) {
	e, _ := newEndpoint(handleOK)
	e.Method, e.Public = http.MethodGet, true
	anyone := func(more ...string) http.Header { return standing(append(more, "Access-Control-Allow-Origin", "*")...) }
	for _, test := range []struct {
		name, method string
		send         http.Header
		status       int
		header       http.Header
	}{
		{"plain", "GET", nil, 200, anyone()},
		{"HEAD", "HEAD", nil, 200, anyone()},
		{"from another site", "GET", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}, 200, anyone()},
		{"from nowhere", "GET", http.Header{"Origin": {"null"}}, 200, anyone()},
		{"POST", "POST", nil, 405, anyone("Allow", "GET, HEAD")},
		{"OPTIONS", "OPTIONS", nil, 405, anyone("Allow", "GET, HEAD")},
	} {
		r := httptest.NewRequest(test.method, "/", nil)
		r.Header = test.send
		answer, _ := call(e, r)
		if d := cmp.Diff(test.header, answer.Header); answer.StatusCode != test.status || d != "" {
			t.Errorf("%s: %d, headers differ (-want +got):\n%s", test.name, answer.StatusCode, d)
		}
	}
	r := httptest.NewRequest(http.MethodOptions, "/", nil)
	r.Header = http.Header{"Origin": {"https://evil.example"}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"traceparent"}}
	answer, _ := call(e, r)
	want := anyone("Access-Control-Allow-Methods", "GET", "Access-Control-Allow-Headers", "Authorization, Content-Type, traceparent", "Access-Control-Max-Age", "600")
	want.Del("Content-Type")
	if d := cmp.Diff(want, answer.Header); answer.StatusCode != 204 || d != "" {
		t.Errorf("preflight: %d, headers differ (-want +got):\n%s", answer.StatusCode, d)
	}
}
