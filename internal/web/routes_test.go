package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/web"
)

// TestRouteWithID promises that {id} matches one segment as it was sent, which is never logged.
func TestRouteWithID(t *testing.T) {
	var got string
	endpoint, log := newEndpoint(func(_ http.ResponseWriter, r *http.Request) error {
		got = r.PathValue("id")
		return errors.New("disk on fire")
	})
	routes := web.Routes{"/things": http.NotFoundHandler(), "/things/{id}": endpoint}
	for path, want := range map[string]string{
		"/things/7": "7", "/things/eyJhbGciOiJFUzI1NiJ9.e30.c2ln": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "/things/a%2Fb%20c": "a%2Fb%20c", "/things/things": "things",
	} {
		got = ""
		log.Reset()
		if answer, _ := call(routes, httptest.NewRequest(http.MethodPost, path, nil)); answer.StatusCode != http.StatusInternalServerError || got != want {
			t.Errorf("%s: status %d, id %q", path, answer.StatusCode, got)
		}
		if line := log.String(); !strings.Contains(line, "path=/things/{id} ") || strings.Contains(line, "eyJ") {
			t.Errorf("%s is logged as %s", path, line)
		}
	}
	for _, path := range []string{"/things/", "/things/7/8", "/other/7", "//things/7", "/things//7"} {
		if answer, _ := call(routes, httptest.NewRequest(http.MethodPost, "http://localhost"+path, nil)); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, answer.StatusCode)
		}
	}
}
