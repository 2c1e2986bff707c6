package browser_test

import (
	"strings"
	"testing"

	"latchkey/tools/browser"
)

// openConsole opens the console of a demo server, and waits until its scripts are done.
func openConsole(t *testing.T, args ...string) (*browser.Server, *browser.Page) {
	t.Helper()
	server := browser.Serve(t, append([]string{"--demo"}, args...)...)
	page := browser.Open(t)
	page.Resize(1320, 900)
	page.SetDark(false)
	visitConsole(page, server.URL)
	return server, page
}

func visitConsole(page *browser.Page, url string) {
	page.Visit(url)
	page.Wait("body[data-ready]")
}

// operatorURL returns the link for operators that the server printed.
func operatorURL(t *testing.T, server *browser.Server) string {
	t.Helper()
	for line := range strings.Lines(server.Printed()) {
		if url, found := strings.CutPrefix(line, "operators open "); found {
			return strings.TrimSpace(url)
		}
	}
	t.Fatalf("no link for operators in:\n%s", server.Printed())
	return ""
}

// TestConsoleSignIn promises that the console signs in by either contract and shows the request, the exact answer, and the
// token; that a reload keeps the session, and that scripts see no cookie.
func TestConsoleSignIn(t *testing.T) {
	_, page := openConsole(t)
	page.Screenshot("console-signed-out")
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
	page.WantContains("#response", "HTTP/1.1 200 OK")
	page.WantContains("#response", "planpointRefresh — the refresh token, for the session calls only")
	page.WantContains("#request", `"username": "ada@example.com"`)
	page.WantContains("#token", "Valid")
	page.Screenshot("console-signed-in")
	page.SetDark(true)
	page.Screenshot("console-signed-in-dark")
	page.SetDark(false)
	page.Resize(390, 844)
	page.Screenshot("console-signed-in-narrow")
	page.Resize(1320, 900)
	if cookies := browser.Evaluate[string](page, "document.cookie"); cookies != "" {
		t.Errorf("a script reads %q", cookies)
	}
	page.Reload()
	page.WantText("#who", "Signed in as ada@example.com")
	page.WantContains("#token", "Valid")
	page.Click("#signout")
	page.WantText("#who", "Signed out")
}
