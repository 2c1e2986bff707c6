package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// look checks the accessibility of the console as it is, and takes pictures of it: light, dark and narrow.
func look(page *browser.Page, name string) {
	page.Helper()
	page.Look("console-" + name)
}

// TestConsoleSignIn promises that the console signs in by either contract and shows the request, the exact answer, and the
// token; that a reload keeps the session, and that scripts see no cookie.
func TestConsoleSignIn(t *testing.T) {
	_, page := openConsole(t)
	look(page, "signed-out")
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
	page.WantContains("#response", "HTTP/1.1 200 OK")
	page.WantContains("#response", "planpointRefresh — the refresh token, for the session calls only")
	page.WantContains("#request", `"username": "ada@example.com"`)
	page.WantContains("#token", "Valid")
	look(page, "signed-in")
	page.Resize(1320, 1420)
	page.ScreenshotWindow("readme") // docs/console.png
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

// TestConsoleRefusals promises a refusal in the contract's words, a wait that is counted down, and the way back.
func TestConsoleRefusals(t *testing.T) {
	_, page := openConsole(t, "--throttle-free", "1")
	page.Fill("#pass", "wrong")
	page.Click("#submit")
	page.WantText("#signin-problem", "Invalid username or password")
	page.WantContains("#response", "HTTP/1.1 401 Unauthorized")
	look(page, "wrong-password")
	for tries := 2; !strings.HasPrefix(page.Text("#signin-problem"), "Too many"); tries++ {
		if tries > 6 {
			t.Fatal("never throttled")
		}
		page.Fill("#pass", "wrong") // one failure is free, then each waits, twice as long as before
		page.Click("#submit")
		page.WantTrue(fmt.Sprintf("document.querySelectorAll('#history button').length === %d && document.getElementById('signin-problem').textContent", tries))
	}
	page.WantText("#signin-problem", "Too many failed attempts; try again later")
	page.WantTrue("document.getElementById('submit').disabled")
	page.WantContains("#response", "Retry-After: ")
	look(page, "throttled")
	page.WantText("#signin-problem", "")
	page.Fill("#pass", "correct horse battery staple")
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
}

// TestConsoleOrganization promises the second contract, whose token is only in the page's memory, and the demo's refused users.
func TestConsoleOrganization(t *testing.T) {
	_, page := openConsole(t)
	page.Click(`label:has([name=contract][value=organization])`)
	page.Click(`[data-email="alan@example.com"]`)
	page.Click("#submit")
	page.WantText("#signin-problem", "Invalid email or password")
	page.Click(`[data-email="grace@example.com"]`)
	page.Click("#submit")
	page.WantText("#who", "Signed in as grace@example.com")
	page.WantContains("#token", "org-cobol")
	for form, want := range map[string]string{"curl": "curl -i http", "fetch": "await fetch('http", "Python": "import requests", "Go": "http.NewRequest"} {
		page.Click(`[data-form="` + form + `"]`)
		page.WantContains("#request", want)
	}
	page.Click(`[data-form="curl"]`)
	look(page, "organization-curl")
}

// TestConsoleTabs promises that a sign-in and a sign-out are seen in the other tab, that sessions are listed, and that a refresh
// replaces the tokens.
func TestConsoleTabs(t *testing.T) {
	server, first := openConsole(t)
	second := first.NewTab()
	visitConsole(second, server.URL)
	first.Click("#submit")
	first.WantText("#who", "Signed in as ada@example.com")
	second.WantText("#who", "Signed in as ada@example.com")
	second.Click(`a[href="#sessions"]`)
	second.WantContains("#sessions-card", "this one")
	second.Click("#refresh")
	second.WantContains("#history", "POST …/refresh 200")
	look(second, "sessions")
	second.Click("#signout")
	second.WantText("#who", "Signed out")
	first.WantText("#who", "Signed out")
}

// TestConsoleFactors promises the whole life of an authenticator app: the QR code, the confirmation, recovery codes, a sign-in in two
// calls, and the removal.
func TestConsoleFactors(t *testing.T) {
	_, page := openConsole(t)
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
	recovery := addApp(page)
	page.WantContains("#factors-card", "10 recovery codes are left.")
	look(page, "factors")
	page.Click("#signout")
	page.WantText("#who", "Signed out")
	page.Click(`a[href="#signin"]`)
	page.Click("#submit")
	page.Wait("#code")
	page.WantContains("#factor-text", "an authenticator app")
	look(page, "challenge")
	page.Fill("#code", recovery)
	page.Click("#factor-submit")
	page.WantText("#who", "Signed in as ada@example.com")
	page.WantContains("#token", `["pwd","mfa"]`)
	page.Click(`a[href="#factors"]`)
	page.WantContains("#factors-card", "9 recovery codes are left.")
	page.Click("#factors-card td.act button")
	page.WantContains("#factors-card", "You have no second factor yet.")
}

// addApp adds an authenticator app for the signed-in user, and returns one of the recovery codes.
func addApp(page *browser.Page) (recovery string) {
	page.Helper()
	page.Click(`a[href="#factors"]`)
	page.WantContains("#factors-card", "You have no second factor yet.")
	page.Click("#add-app")
	page.Wait("#enroll-secret")
	page.WantTrue("document.querySelector('.qr').naturalWidth > 0")
	look(page, "enrol")
	secret := browser.Evaluate[string](page, `document.getElementById('enroll-secret').dataset.secret`)
	page.Fill("#enroll-code", "000000")
	page.Click("#enroll-submit")
	page.WantContains("#factors-card [role=alert]", "code")
	page.Fill("#enroll-code", browser.Code(page.T, secret))
	page.Click("#enroll-submit")
	page.Wait("#recovery-codes")
	look(page, "recovery-codes")
	recovery = browser.Evaluate[string](page, `document.querySelector('#recovery-codes li').textContent`)
	page.Click("#codes-kept")
	page.WantContains("#factors-card", "Authenticator app")
	return recovery
}

// addPasskey makes a passkey for the signed-in user, who has no other factor.
func addPasskey(page *browser.Page) {
	page.Helper()
	page.Click(`a[href="#factors"]`)
	page.Click("#add-passkey")
	page.Wait("#recovery-codes")
	page.Click("#codes-kept")
	page.WantContains("#factors-card", "Passkey")
}

// TestConsoleOperators promises that operators' parts stay closed without the token, and what they show and change with it.
func TestConsoleOperators(t *testing.T) {
	server, page := openConsole(t)
	for _, part := range []string{"audit", "keys", "users", "clients"} {
		page.Click(`a[href="#` + part + `"]`)
		page.WantTrue("!document.getElementById('gate').hidden && document.getElementById('" + part + "').hidden")
	}
	look(page, "gate")
	page.Fill("#gate-token", "WRONG")
	page.Click("#gate-form button")
	page.WantContains("#gate-problem", "not the one that serve printed")
	look(page, "gate-refused")

	page.Visit("about:blank")
	visitConsole(page, operatorURL(t, server))
	page.WantText("#audit-state", "live")
	if url := browser.Evaluate[string](page, "location.href"); strings.Contains(url, "token") {
		t.Errorf("the address shows the token: %s", url)
	}
	other := page.NewTab()
	visitConsole(other, server.URL)
	other.Click("#submit")
	other.WantText("#who", "Signed in as ada@example.com")
	page.WantContains("#audit-rows", "loginsuccess")
	page.Fill("#audit-filter", "refused")
	page.WantText("#audit-rows", "No record matches.")
	page.Fill("#audit-filter", "")
	look(page, "audit")

	page.Click(`a[href="#keys"]`)
	page.WantContains("#keys-card", "published, does not sign yet")
	page.Click("#rotate")
	page.WantContains("#keys-card [role=alert]", "Too soon")
	look(page, "keys")
	page.Click("#rotate-now")
	page.WantContains("#keys-card", "verifies what it signed before")
	look(page, "keys-rotated")

	page.Click(`a[href="#users"]`)
	page.WantContains("#users-card", "grace@example.com")
	page.Fill("#user-filter", "joan")
	page.WantTrue("document.querySelectorAll('#users-card tbody tr').length === 1")
	page.Click("#users-card tbody button")
	page.WantContains("#user", "argon2id")
	look(page, "user")
	page.Fill("#user-filter", "")
	page.Click("#import")
	page.Click("#import-submit")
	page.WantText("#import-result", "1 added, 0 updated, 0 refused, 0 unchanged")
	page.WantContains("#users-card", "new@example.com")
	look(page, "import")

	page.Click(`a[href="#clients"]`)
	page.WantContains("#clients-card", "demo integration")
	page.Fill("#client-name", "zapier")
	page.Click("#client-add")
	page.WantContains("#client-key", "lk_")
	page.WantContains("#clients-card", "zapier")
	look(page, "clients")
	first := page.Text("#client-key")
	page.Click(`[aria-label="New key for zapier"]`)
	page.WantTrue("document.getElementById('client-key')?.textContent !== '" + first + "'")
	page.Click(`[aria-label="Disable zapier"]`)
	page.WantContains("#clients-card", "disabled")
	look(page, "clients-disabled")
}

// TestConsolePasskeys promises a passkey as the second factor, and a sign-in with only it.
func TestConsolePasskeys(t *testing.T) {
	_, page := openConsole(t)
	page.AddAuthenticator()
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
	addPasskey(page)
	look(page, "passkey")
	page.Click("#signout")
	page.WantText("#who", "Signed out")
	page.Click(`a[href="#signin"]`)
	page.Click("#submit")
	page.Wait("#factor-passkey")
	look(page, "challenge-passkey")
	page.Click("#factor-passkey")
	page.WantText("#who", "Signed in as ada@example.com")
	page.Click("#signout")
	page.WantText("#who", "Signed out")
	page.Click("#passkey")
	page.WantText("#who", "Signed in as ada@example.com")
	page.WantContains("#token", `"user","mfa"`)
}

// TestDocs promises the API reference, without a call to anywhere else, and that a call can be tried against this server.
func TestDocs(t *testing.T) {
	server := browser.Serve(t, "--demo")
	page := browser.Open(t)
	page.Visit(server.URL + "/docs")
	page.Wait("body[data-ready]")
	page.WantContains("#reference", "/api/users/login")
	page.Look("docs")
	page.Click("#operations-health-health .opblock-summary-control")
	page.Click("#operations-health-health .try-out__btn")
	page.Click("#operations-health-health .execute")
	page.WantContains("#operations-health-health .live-responses-table", `"status": "ok"`)
	page.Look("docs-tried")
}

// TestConsoleOtherOrigin promises that a page of another origin signs in only if it is allowed, and that even an allowed one reaches
// nothing of the console, whatever headers it adds.
func TestConsoleOtherOrigin(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Elsewhere</title>`))
	}))
	defer elsewhere.Close()
	origin := strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)
	for allowed, args := range map[bool][]string{false: nil, true: {"--allowed-origins", origin}} {
		server := browser.Serve(t, append([]string{"--demo"}, args...)...)
		page := browser.Open(t)
		page.AllowProblems("CORS policy", "net::ERR_FAILED")
		page.Visit(origin)
		post := func(path, body string, headers map[string]string) bool {
			headers["Content-Type"] = "application/json"
			list, err := json.Marshal(headers)
			if err != nil {
				t.Fatal(err)
			}
			return browser.Evaluate[bool](page, fmt.Sprintf(`fetch(%q, { method: 'POST', credentials: 'include', headers: %s, body: %q }).then((answer) => answer.ok, () => false)`,
				server.URL+path, list, body))
		}
		const call = "0123456789abcdef0123456789abcdef"
		login := `{"username":"ada@example.com","password":"` + password + `"}`
		if got := post("/api/users/login", login, map[string]string{"Latchkey-Console-Call": call}); got != allowed {
			t.Errorf("allowed %t: signed in %t", allowed, got)
		}
		token := operatorURL(t, server)[strings.Index(operatorURL(t, server), "=")+1:]
		for path, body := range map[string]string{"/console/answer": `{"id":"` + call + `"}`, "/console/operator/users": "{}", "/console/operator/audit": "{}"} {
			if post(path, body, map[string]string{"Latchkey-Console-Token": token}) {
				t.Errorf("allowed %t: %s answers a page of another origin", allowed, path)
			}
		}
	}
}

// TestConsolePassword promises a change of password: the rule that a refused one breaks, and the session that goes on.
func TestConsolePassword(t *testing.T) {
	_, page := openConsole(t)
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
	page.Click(`a[href="#password"]`)
	page.Fill("#current", "wrong")
	page.Fill("#next", "another battery staple")
	page.Click("#change")
	page.WantContains("#change-result", "rule: current")
	look(page, "password-refused")
	page.Fill("#current", password)
	page.Click("#change")
	page.WantContains("#change-result", "Password changed")
	page.WantText("#who", "Signed in as ada@example.com")
	look(page, "password-changed")
	page.WantContains("#change-result", "Password changed")
	page.Click("#signout")
	page.Click(`a[href="#signin"]`)
	page.Fill("#pass", "another battery staple")
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
}

// TestConsolePasswordThrottled promises a countdown for wrong current passwords too, after which the form works again.
func TestConsolePasswordThrottled(t *testing.T) {
	_, page := openConsole(t, "--throttle-free", "1")
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
	page.Click(`a[href="#password"]`)
	page.Fill("#next", "another battery staple")
	for tries := 1; !strings.HasPrefix(page.Text("#change-result"), "Too many"); tries++ {
		if tries > 6 {
			t.Fatal("never throttled")
		}
		page.Fill("#current", "wrong")
		page.Click("#change")
		page.WantTrue(fmt.Sprintf("document.querySelectorAll('#history .bad').length === %d && document.getElementById('change-result').textContent", tries))
	}
	page.WantTrue("document.getElementById('change').disabled")
	look(page, "password-throttled")
	page.WantText("#change-result", "")
	page.Fill("#current", password)
	page.Click("#change")
	page.WantContains("#change-result", "Password changed")
}

// TestConsoleWithoutServer promises words instead of silence when serve has ended.
func TestConsoleWithoutServer(t *testing.T) {
	server, page := openConsole(t)
	page.AllowProblems("net::ERR_CONNECTION_REFUSED", "net::ERR_INCOMPLETE_CHUNKED_ENCODING")
	visitConsole(page, operatorURL(t, server))
	page.WantText("#audit-state", "live")
	server.Stop()
	page.WantText("#audit-state", "reconnecting")
	look(page, "audit-lost")
	page.Click(`a[href="#users"]`)
	page.WantContains("#users-card", "The server cannot be reached")
	look(page, "users-lost")
	page.Click(`a[href="#signin"]`)
	page.Click("#submit")
	page.WantContains("#toast", "The server cannot be reached")
	page.WantTrue("!document.getElementById('submit').disabled")
}

// TestConsoleReset promises a reset as a user meets it: the mail as it arrives, the form that its link opens by either contract, whose
// token is in no address, the second factor, a sign-in with the new password, and that the link works once.
func TestConsoleReset(t *testing.T) {
	server, page := openConsole(t)
	page.Click(`a[href="#password"]`)
	page.WantContains("#arrivals", "shown to operators only")
	look(page, "password-signed-out")
	page.Click("#arrivals a")
	page.Wait("#gate-token")
	page.Visit("about:blank")
	visitConsole(page, operatorURL(t, server))
	page.Click(`a[href="#mails"]`)
	page.WantContains("#mails-card", "No mail yet.")
	look(page, "mails-none")
	page.Click(`a[href="#sessions"]`)
	page.WantContains("#sessions-card", "Nobody is signed in.")
	look(page, "sessions-signed-out")
	page.Click(`a[href="#factors"]`)
	page.WantContains("#factors-card", "Sign in first")
	look(page, "factors-signed-out")
	page.Click(`a[href="#password"]`)
	page.Click("#ask")
	page.WantContains("#ask-result", "a mail is on its way")
	page.WantContains("#password-mails", "Choose a new password for")
	look(page, "reset-mail")
	link := browser.Evaluate[string](page, `document.querySelector('#password-mails a').href`)
	page.Click("#password-mails a")
	page.Fill("#reset-password", "another battery staple")
	if url := browser.Evaluate[string](page, "location.href"); strings.Contains(url, "token") {
		t.Errorf("the address shows the token: %s", url)
	}
	look(page, "reset-form")
	page.Click("#choose")
	page.WantContains("#reset-done", "The password is changed")
	look(page, "reset-done")
	page.Click("#reset-done a")
	page.Fill("#pass", "another battery staple")
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")

	page.Visit("about:blank")
	page.Visit(strings.Replace(link, "localhost", "127.0.0.1", 1)) // as from a mail program; the redirect keeps the fragment
	page.WantText("#password-card h2", "Choose a new password")
	page.Fill("#reset-password", "a third battery staple")
	page.Click("#choose")
	page.WantContains("#choose-result", "The link is not valid any more")
	look(page, "reset-refused")
}

// TestConsoleResetWithFactor promises that a reset by the second contract asks for the second factor of a user who has one, after the
// rest was right.
func TestConsoleResetWithFactor(t *testing.T) {
	server, page := openConsole(t)
	visitConsole(page, operatorURL(t, server))
	page.Click(`a[href="#signin"]`)
	page.Click(`[data-email="grace@example.com"]`)
	page.Click("#submit")
	page.WantText("#who", "Signed in as grace@example.com")
	recovery := addApp(page)
	page.Click(`a[href="#password"]`)
	page.Click(`label:has([name=ask-contract][value=organization])`)
	page.Click("#ask")
	page.WantContains("#ask-result", "a mail is on its way")
	page.WantContains("#password-mails", "Choose a new password") // notices may come before and after
	page.Click("#password-mails a")
	page.Click(`label:has([name=choose-contract][value=organization])`)
	page.Fill("#reset-password", "another battery staple")
	page.Click("#choose")
	page.WantContains("#choose-result", "also has a second factor")
	page.Wait("#reset-code")
	look(page, "reset-factor")
	page.Fill("#reset-code", "000000")
	page.Click("#choose")
	page.WantContains("#choose-result", "rule: factor")
	page.Fill("#reset-code", recovery)
	page.Click("#choose")
	page.WantContains("#reset-done", "all sessions of the user have ended")
	page.WantText("#who", "Signed out")
}

// TestConsoleResetWithPasskey promises that a user whose second factor is a passkey may set the new password with it.
func TestConsoleResetWithPasskey(t *testing.T) {
	server, page := openConsole(t)
	page.AddAuthenticator()
	visitConsole(page, operatorURL(t, server))
	page.Click(`a[href="#signin"]`)
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
	addPasskey(page)
	page.Click(`a[href="#password"]`)
	page.Click("#ask")
	page.WantContains("#password-mails", "Choose a new password") // notices may come before and after
	page.Click("#password-mails a")
	page.Fill("#reset-password", "another battery staple")
	page.Click("#choose")
	page.WantContains("#choose-result", "also has a second factor")
	look(page, "reset-passkey")
	page.Click("#reset-passkey")
	page.WantContains("#reset-done", "The password is changed")
}

// TestConsoleForcedFactor promises that a user who must have a second factor sets one up before the sign-in is complete.
func TestConsoleForcedFactor(t *testing.T) {
	_, page := openConsole(t, "--factor-roles", "editor")
	page.Click("#submit")
	page.Wait("#enroll-secret")
	page.WantText("#who", "Signed out")
	look(page, "forced-enrolment")
	page.Fill("#enroll-code", browser.Code(t, browser.Evaluate[string](page, `document.getElementById('enroll-secret').dataset.secret`)))
	page.Click("#enroll-submit")
	page.Wait("#recovery-codes")
	page.Click("#codes-kept")
	page.WantText("#who", "Signed in as ada@example.com")
	page.WantContains("#token", `["pwd","otp","mfa"]`)
}

// TestConsoleMembers promises the members that few sign-ins have: an address to impersonate, which the token names as who acts, and the
// API key of an integration, which gets no refresh cookie.
func TestConsoleMembers(t *testing.T) {
	_, page := openConsole(t, "--impersonator-roles", "editor")
	page.Click("#signin-form summary")
	page.Fill("#impersonate", "alan@example.com")
	page.Click("#submit")
	page.WantText("#who", "Signed in as alan@example.com")
	page.WantContains("#token", "Who acts as this user")
	look(page, "impersonation")
	page.Click(`a[href="#factors"]`)
	page.WantContains("#factors-card", "Not allowed for this session")
	look(page, "factors-impersonated")
	page.Click("#signout")
	page.WantText("#who", "Signed out")

	page.Click(`a[href="#signin"]`)
	page.Fill("#impersonate", "")
	page.Click("#demokey")
	page.Click("#submit")
	page.WantText("#who", "Signed in as ada@example.com")
	page.WantContains("#token", "89 d 23 h left")
	page.WantTrue("!document.getElementById('response').textContent.includes('planpointRefresh=ey')")
	look(page, "integration")
}
