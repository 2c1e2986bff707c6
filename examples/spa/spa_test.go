// Package spa_test runs the example page in Chromium, from another origin than the API, as a browser app does.
package spa_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const password = "correct horse battery staple"

// TestBrowser promises what docs/browser.md says of a page and an API on this machine: sign in, reload, two tabs that
// refresh at the same time, sign out in both, and a wait that the page shows.
func TestBrowser(t *testing.T) {
	chromium := findChromium(t)
	page := httptest.NewUnstartedServer(nil)
	page.Start()
	t.Cleanup(page.Close)
	origin := strings.Replace(page.URL, "127.0.0.1", "localhost", 1)
	api := serve(t, origin)
	page.Config.Handler = static(t, api.url)
	first := openBrowser(t, chromium)
	first.open(origin)
	first.want("status", "Signed out")

	first.signIn("wrong")
	first.want("problem", "Invalid username or password")
	first.signIn(password) // one failure is free, then each waits
	first.want("problem", "Too many failed attempts; try again later (1 s)")
	if !first.disabled("submit") {
		t.Error("the button works during the wait")
	}
	first.want("problem", "")
	first.signIn(password)
	first.want("status", "Signed in as ada@example.com")
	first.do(chromedp.Reload())
	first.want("status", "Signed in as ada@example.com")

	second := first.tab()
	second.open(origin)
	second.want("status", "Signed in as ada@example.com")
	before := api.refreshes()
	var both sync.WaitGroup
	for _, tab := range []browser{first, second} {
		both.Go(func() {
			tab.do(chromedp.Click(chromedp.ID("refresh")))
			tab.want("refreshed", "Refreshed")
		})
	}
	both.Wait()
	if n := api.refreshes() - before; n < 1 || n > 2 {
		t.Errorf("%d refreshes", n)
	}
	for _, tab := range []browser{first, second} {
		tab.do(chromedp.Reload())
		tab.want("status", "Signed in as ada@example.com")
	}

	second.do(chromedp.Click(chromedp.ID("signout")))
	second.want("status", "Signed out")
	first.want("status", "Signed out") // told by the other tab
	first.do(chromedp.Reload())
	first.want("status", "Signed out")
}

// findChromium skips the test unless make browser runs it, and fails it if LATCHKEY_TEST_REQUIRE names chromium, which is
// not installed.
func findChromium(t *testing.T) string {
	t.Helper()
	required := slices.Contains(strings.Split(os.Getenv("LATCHKEY_TEST_REQUIRE"), ","), "chromium")
	if os.Getenv("LATCHKEY_TEST_BROWSER") == "" && !required {
		t.Skip("runs in make browser")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if required {
		t.Fatal("there is no Chromium on PATH: apt-get install chromium")
	}
	t.Skip("there is no Chromium on PATH: apt-get install chromium")
	return ""
}

// static serves the example's files, with the address of the API in place of the usual one.
func static(t *testing.T, api string) http.Handler {
	t.Helper()
	files := http.FileServer(http.Dir("."))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			files.ServeHTTP(w, r)
			return
		}
		text, err := os.ReadFile("index.html")
		if err != nil || !strings.Contains(string(text), "http://localhost:3000") {
			t.Errorf("the page does not name the API: %v", err)
		}
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(strings.Replace(string(text), "http://localhost:3000", api, 1)))
	})
}

// api is a running latchkey serve.
type api struct {
	url string
	log *logFile
}

// logFile is what a process writes; it may be read while the process runs.
type logFile struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write adds to the log.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all that was written.
func (l *logFile) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (a api) refreshes() int {
	return strings.Count(a.log.String(), "path=/api/users/refresh status=200")
}

// serve runs the real binary with a user, for pages of the origin.
func serve(t *testing.T, origin string) api {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "latchkey")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "latchkey/cmd/latchkey").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	files := []string{"--store", "sqlite:" + filepath.Join(dir, "users.db"), "--keys", "file:" + filepath.Join(dir, "keys.json")}
	add := exec.CommandContext(t.Context(), binary, append(files, "users", "add", "ada@example.com", "--password-stdin")...)
	add.Stdin = strings.NewReader(password + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("add a user: %v\n%s", err, out)
	}
	log := &logFile{}
	cmd := exec.CommandContext(t.Context(), binary, append(files, "serve", "--addr", "127.0.0.1:0", "--allowed-origins", origin, "--throttle-free", "1")...)
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("the server's log:\n%s", log)
		}
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, found := strings.CutPrefix(lines.Text(), "open "); found {
			return api{url, log}
		}
	}
	t.Fatalf("serve did not start:\n%s", log)
	return api{}
}

// browser is one tab.
type browser struct {
	*testing.T
	ctx context.Context
}

func openBrowser(t *testing.T, chromium string) browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true), chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	return browser{t, ctx}
}

// tab opens another one, with the same cookies.
func (b browser) tab() browser {
	ctx, closeTab := chromedp.NewContext(b.ctx)
	b.Cleanup(closeTab)
	return browser{b.T, ctx}
}

func (b browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Error(err)
	}
}

func (b browser) open(url string) {
	b.Helper()
	b.do(chromedp.Navigate(url))
}

func (b browser) signIn(password string) {
	b.Helper()
	b.do(chromedp.WaitVisible(chromedp.ID("submit")), chromedp.SetValue(chromedp.ID("username"), "ada@example.com"),
		chromedp.SetValue(chromedp.ID("password"), password), chromedp.Click(chromedp.ID("submit")))
}

// want waits until the element has the text.
func (b browser) want(id, text string) {
	b.Helper()
	got := ""
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var err error
		if got, err = chromedp.Run(b.ctx, chromedp.TextContent(chromedp.ID(id))); err != nil {
			b.Fatalf("read %s: %v", id, err)
		}
		if got == text {
			return
		}
	}
	b.Fatalf("%s is %q, want %q", id, got, text)
}

func (b browser) disabled(id string) bool {
	b.Helper()
	disabled, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.getElementById("`+id+`").disabled`))
	if err != nil {
		b.Error(err)
	}
	return disabled
}
