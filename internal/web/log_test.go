package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/web"
)

// TestLogRequests promises one line for each request that names its route and nothing that the client wrote.
func TestLogRequests(t *testing.T) {
	routes := web.Routes{"/things": statusOK(), "/things/{id}": statusOK()}
	for _, test := range []struct{ method, path, want string }{
		{"GET", "/things", "method=GET path=/things status=200"},
		{"GET", "/things?token=secret", "method=GET path=/things status=200"},
		{"DELETE", "/things/secret", "path=/things/{id} status=200"},
		{"DELETE", "/things/secret/more", "path=(unknown) status=404"},
		{"POST", "/ada@example.com/secret", "path=(unknown) status=404"},
		{"GET", "/THINGS/secret", "path=(unknown) status=404"},
		{"GET", "/%74hings", "path=(unknown) status=404"},
		{"GET", "/.env", "path=(unknown) status=404"},
		{"SECRET", "/things", "method=(unknown) path=/things"},
	} {
		var log bytes.Buffer
		handler := web.LogRequests(routes, routes.Pattern, slog.New(slog.NewTextHandler(&log, nil)))
		r := httptest.NewRequest(test.method, test.path, nil)
		r.RemoteAddr = "192.0.2.7:4711"
		call(handler, r)
		line := log.String()
		if strings.Count(line, "\n") != 1 || !strings.Contains(line, test.want) || !strings.Contains(line, "source=192.0.2.7:4711") ||
			strings.Contains(strings.ToLower(line), "secret") || strings.Contains(line, "ada@") {
			t.Errorf("%s %s is logged as %s", test.method, test.path, line)
		}
	}
}

// TestHead promises HEAD at every endpoint that has GET, and at no other.
func TestHead(t *testing.T) {
	for method, want := range map[string]int{http.MethodGet: 200, http.MethodPost: 405, http.MethodDelete: 405} {
		e, _ := newEndpoint(handleOK)
		e.Method = method
		answer, _ := call(e, httptest.NewRequest(http.MethodHead, "/", nil))
		if answer.StatusCode != want {
			t.Errorf("HEAD where %s is: %d, want %d", method, answer.StatusCode, want)
		}
	}
}
