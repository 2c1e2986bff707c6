package browser_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"latchkey/tools/browser"
)

const password = "correct horse battery staple"

// TestExamplePage promises what docs/browser.md says of a page and an API on this machine: sign in, reload, two tabs that
// refresh at the same time, sign out in both, and a wait that the page shows.
func TestExamplePage(t *testing.T) {
	origin, serveFor := examplePage(t)
	api := browser.Serve(t, "--allowed-origins", origin, "--throttle-free", "1")
	api.Run(password+"\n", "users", "add", "ada@example.com", "--password-stdin")
	serveFor(api.URL)
	first := browser.Open(t)
	first.AllowProblems(`favicon\.ico`)
	first.Visit(origin)
	first.WantText("#status", "Signed out")

	signIn(first, "wrong")
	first.WantText("#problem", "Invalid username or password")
	signIn(first, password) // one failure is free, then each waits
	first.WantText("#problem", "Too many failed attempts; try again later (1 s)")
	if !browser.Evaluate[bool](first, `document.getElementById("submit").disabled`) {
		t.Error("the button works during the wait")
	}
	first.WantText("#problem", "")
	signIn(first, password)
	first.WantText("#status", "Signed in as ada@example.com")
	first.Reload()
	first.WantText("#status", "Signed in as ada@example.com")

	second := first.NewTab()
	second.Visit(origin)
	second.WantText("#status", "Signed in as ada@example.com")
	refreshTogether(t, api, first, second)

	second.Click("#signout")
	second.WantText("#status", "Signed out")
	first.WantText("#status", "Signed out") // told by the other tab
	first.Reload()
	first.WantText("#status", "Signed out")
}

// refreshTogether refreshes in all tabs at the same time: one or two refreshes, and all stay signed in.
func refreshTogether(t *testing.T, api *browser.Server, tabs ...*browser.Page) {
	t.Helper()
	refreshes := func() int { return strings.Count(api.Log(), "path=/api/users/refresh status=200") }
	before := refreshes()
	var all sync.WaitGroup
	for _, tab := range tabs {
		all.Go(func() {
			tab.Click("#refresh")
			tab.WantText("#refreshed", "Refreshed")
		})
	}
	all.Wait()
	if n := refreshes() - before; n < 1 || n > len(tabs) {
		t.Errorf("%d refreshes", n)
	}
	for _, tab := range tabs {
		tab.Reload()
		tab.WantText("#status", "Signed in as ada@example.com")
	}
}

func signIn(page *browser.Page, password string) {
	page.Fill("#username", "ada@example.com")
	page.Fill("#password", password)
	page.Click("#submit")
}

// examplePage serves the example on an origin of its own; the returned function sets the API that its page calls.
func examplePage(t *testing.T) (origin string, setAPI func(string)) {
	t.Helper()
	const folder = "../../examples/spa"
	files := http.FileServer(http.Dir(folder))
	server := httptest.NewUnstartedServer(nil)
	server.Start()
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1), func(api string) {
		server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				files.ServeHTTP(w, r)
				return
			}
			text, err := os.ReadFile(filepath.Join(folder, "index.html"))
			if err != nil || !strings.Contains(string(text), "http://localhost:3000") {
				t.Errorf("the page does not name the API: %v", err)
			}
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte(strings.Replace(string(text), "http://localhost:3000", api, 1)))
		})
	}
}
