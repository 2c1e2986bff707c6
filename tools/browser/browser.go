// Package browser is a kit for tests in a real Chromium against a real `latchkey serve`; this module holds all such tests,
// and `make browser` runs them. Each test file covers one page. A test looks like this:
//
//	server := browser.Serve(t, "--demo")       // a free port, a store and keys of its own
//	page := browser.Open(t)                    // a tab with an empty profile
//	page.Visit(server.URL)                     // http://localhost:PORT
//	page.Fill("#username", "ada@example.com")
//	page.Click("#submit")
//	page.WantText("#status", "Signed in")      // waits for it
//	page.Screenshot("signed-in")               // screenshots/signed-in.png, which Git ignores
//
// A test fails if a page logs an error, throws an exception or violates its content security policy: see
// [Page.AllowProblems]. [Page.AddAuthenticator] is for passkeys, [Code] for authenticator apps, [Page.NewTab] for two tabs.
// Tests are skipped without Chromium, or fail if LATCHKEY_TEST_REQUIRE names chromium. They may import packages of the
// main module, which go.mod replaces by this checkout.
package browser

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"latchkey/internal/factor"
)

// Time limits: of a whole test in the browser, and of waiting for one thing to appear.
const (
	testLimit = 5 * time.Minute
	waitLimit = 30 * time.Second
)

// Open starts Chromium with an empty profile and returns its first tab. The test is skipped without Chromium.
func Open(t *testing.T) *Page {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testLimit)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(findChromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(stop)
	return newPage(t, ctx)
}

// Code returns the code that an authenticator app with the secret (base32, as enrolment shows it) would show now.
func Code(t *testing.T, secret string) string {
	t.Helper()
	seed, err := factor.ParseSeed(secret)
	if err != nil {
		t.Fatal(err)
	}
	return seed.Code(factor.Step(time.Now()))
}

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "there is no Chromium on PATH: apt-get install chromium"
	if slices.Contains(strings.Split(os.Getenv("LATCHKEY_TEST_REQUIRE"), ","), "chromium") {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}
