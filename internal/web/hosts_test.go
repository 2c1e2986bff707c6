package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/web"
)

// TestHosts promises answers for the server's own hosts only, so that a page whose name resolves to this machine gets
// none, and an answer for monitors whatever host they send.
func TestHosts(t *testing.T) {
	hosts, err := web.ParseHosts([]string{"login.example.com", "latchkey", "192.168.1.5", "2001:db8::1"})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"login.example.com": 200, "login.example.com:443": 200, "LOGIN.Example.com:8443": 200, "login.example.com.": 200,
		"latchkey:3000": 200, "192.168.1.5": 200, "192.168.1.5:3000": 200, "[2001:db8::1]:3000": 200,
		"localhost": 200, "localhost:3000": 200, "LocalHost:3000": 200, "127.0.0.1:3000": 200, "127.9.9.9": 200, "[::1]:3000": 200,
		"[::ffff:127.0.0.1]": 200, "": 200,

		"evil.example": 421, "evil.example:3000": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "app.localhost": 421,
		"10.0.0.1": 421, "192.168.1.6:3000": 421, "[2001:db8::2]": 421, "0.0.0.0:3000": 421, "example.com": 421, "www.login.example.com": 421,
		"login.example.com@evil.example": 421, "ada@example.com": 421, "a b": 421,
	} {
		notices, log := newNotices()
		handler := hosts.Handler(web.Routes{"/": statusOK(), "/healthz": statusOK()}, "/healthz", notices)
		ask := func(path string) int {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			answer, _ := call(handler, r)
			return answer.StatusCode
		}
		if got := ask("/"); got != want {
			t.Errorf("Host %q: %d, want %d", host, got, want)
		}
		if got := ask("/healthz"); got != 200 {
			t.Errorf("Host %q at /healthz: %d", host, got)
		}
		if strings.Contains(log.String(), "ada@") || want == 200 && log.Len() > 0 {
			t.Errorf("Host %q: %s", host, log)
		}
		if host == "evil.example" && !strings.Contains(log.String(), "--allowed-hosts") {
			t.Errorf("the log does not say how to let %s in: %s", host, log)
		}
	}
}

func statusOK() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
}

// TestMisdirected promises the answer of a refused host in JSON, with the headers of every answer.
func TestMisdirected(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Host = "evil.example"
	answer, body := call(web.Hosts{}.Handler(statusOK(), "/healthz", nil), r)
	if answer.StatusCode != 421 || !strings.HasPrefix(body, `{"message":`) || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s %v", answer.StatusCode, body, answer.Header)
	}
}

// TestParseHosts promises that a host is a name or an address and nothing else.
func TestParseHosts(t *testing.T) {
	for _, bad := range []string{"", "https://login.example.com", "login.example.com:3000", "login.example.com/", "Login.example.com", "*", "*.example.com", "a b", "a,b", "m\u00fcnchen.example", "ada@example.com", "login.example.com."} {
		if hosts, err := web.ParseHosts([]string{bad}); err == nil {
			t.Errorf("%q is taken as %q", bad, hosts)
		}
	}
}
