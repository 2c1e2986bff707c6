package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/tools/browser"
)

// TestProblemsAreFound promises that the kit sees an exception, a logged error and a violation of the policy: tests of pages
// rely on it when they find nothing.
func TestProblemsAreFound(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'")
		if r.URL.Path == "/faults.js" {
			w.Header().Set("Content-Type", "text/javascript")
			w.Write([]byte(`console.error('a logged error', 7); fetch('/elsewhere').catch(() => {}); setTimeout(() => { throw Error('thrown') })`))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<title>x</title><link rel="icon" href="data:,"><p style="color: red">x<script src="/faults.js"></script>`))
	}))
	defer server.Close()
	page := browser.Open(t)
	page.AllowProblems("")
	page.Visit(server.URL)
	page.WantTrue("document.readyState === 'complete'")
	found := ""
	wanted := []string{"a logged error", "Error: thrown", "connect-src blocks", "style-src", "img-src"}
	for range 100 {
		found = strings.Join(page.Problems(), "\n")
		missing := false
		for _, want := range wanted {
			missing = missing || !strings.Contains(found, want)
		}
		if !missing {
			return
		}
		browser.Evaluate[int](page, `new Promise(done => setTimeout(() => done(1), 50))`)
	}
	t.Errorf("want %q, found:\n%s", wanted, found)
}
