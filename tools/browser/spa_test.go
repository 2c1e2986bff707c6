package browser_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/tools/browser"
)

const password = "correct horse battery staple"

// TestShop promises what docs/browser.md says of a page, a login and an API on three origins: a wrong password and a wait that the
// page shows, reload, two tabs that refresh at the same time, orders by the cookie, and a sign-out that the other tab sees.
func TestShop(t *testing.T) {
	shop := startShop(t, "LATCHKEY_THROTTLE_FREE=1")
	first := browser.Open(t)
	first.Visit(shop.url)
	first.WantText("#status", "Signed out")
	first.Look("shop-sign-in")

	signIn(first, "wrong")
	first.WantText("#problem", "Invalid username or password")
	signIn(first, password) // one failure is free, then each waits
	first.WantText("#problem", "Too many failed attempts; try again later (1 s)")
	if !browser.Evaluate[bool](first, `document.getElementById("submit").disabled`) {
		t.Error("the button works during the wait")
	}
	first.Look("shop-wait")
	first.WantText("#problem", "")
	signIn(first, password)
	first.WantText("#status", "Signed in as ada@example.com")
	if cookies := browser.Evaluate[string](first, `document.cookie`); cookies != "" {
		t.Errorf("scripts can read %s", cookies)
	}
	first.Reload()
	first.WantText("#status", "Signed in as ada@example.com")
	first.Fill("#item", "Tulip bulbs, mixed")
	first.Click("#order")
	first.WantContains("#list", "Tulip bulbs, mixed")
	first.Click("#list button")
	first.WantText("#problem", "To cancel an order, add a passkey or an authenticator app below.")

	second := first.NewTab()
	second.Visit(shop.url)
	second.WantContains("#list", "Tulip bulbs, mixed")
	shop.refreshTogether(t, first, second)

	second.Click("#signout")
	second.WantText("#status", "Signed out")
	first.WantText("#status", "Signed out") // told by the other tab
	first.Reload()
	first.WantText("#status", "Signed out")
}

// TestShopWithApp promises that the page sets up an authenticator app, shows the recovery codes once, asks for a code at the next
// sign-in, and then lets the user do what needs a second factor.
func TestShopWithApp(t *testing.T) {
	shop := startShop(t)
	page := browser.Open(t)
	page.Visit(shop.url)
	signIn(page, password)
	page.Fill("#item", "Garden fork")
	page.Click("#order")
	page.WantContains("#list", "Garden fork")
	page.Look("shop-orders")

	page.Click("#add-app")
	page.Wait("#qr svg")
	page.Look("shop-app")
	secret := page.Text("#secret")
	page.Fill("#app-code", "000000")
	page.Click("#confirm")
	page.WantText("#problem", "The code is wrong or was used")
	page.Fill("#app-code", browser.Code(t, secret))
	page.Click("#confirm")
	page.Wait("#recovery")
	recovery := browser.Evaluate[string](page, `document.querySelector("#codes li").textContent`)
	page.Look("shop-recovery")
	page.Click("#kept")
	page.WantContains("#factors", "Authenticator app")
	page.Click("#signout")
	page.WantText("#status", "Signed out")

	signIn(page, password)
	page.Wait("#code")
	page.Look("shop-factor")
	page.Fill("#code", browser.Code(t, secret)) // used up above
	page.Click("#prove")
	page.WantText("#problem", "The code is wrong, or was used before.")
	page.Fill("#code", recovery)
	page.Click("#prove")
	page.WantContains("#list", "Garden fork")
	page.Click("#list button")
	page.WantTrue(`document.querySelectorAll("#list li").length === 0`)
	page.Look("shop-empty")
}

// TestShopWithPasskey promises that the page adds a passkey, signs in with it from the form's list of names and by its button, and
// takes it as the second factor after a password.
func TestShopWithPasskey(t *testing.T) {
	shop := startShop(t)
	page := browser.Open(t)
	page.AddAuthenticator()
	page.Visit(shop.url)
	signIn(page, password)
	page.Fill("#item", "Watering can")
	page.Click("#order")
	page.WantContains("#list", "Watering can")
	page.Click("#add-passkey")
	page.Wait("#recovery")
	page.Click("#kept")
	page.WantContains("#factors", "Passkey")
	page.Look("shop-passkey")

	browser.Evaluate[bool](page, `Boolean(window.before = document.querySelector("#list li"))`)
	page.Click("#signout")
	page.WantTrue("!before.isConnected") // the browser offers the only passkey, the virtual finger takes it, and the orders are listed again
	page.WantText("#status", "Signed in as ada@example.com")
	page.Click("#list button") // the passkey is a second factor of its own
	page.WantTrue(`document.querySelectorAll("#list li").length === 0`)
}

// TestShopForcedFactor promises that the page lets a user who must have a second factor set one up before the sign-in is complete.
func TestShopForcedFactor(t *testing.T) {
	shop := startShop(t, "LATCHKEY_FACTOR_ROLES=editor")
	page := browser.Open(t)
	page.Visit(shop.url)
	signIn(page, password)
	page.Wait("#qr svg")
	page.WantText("#status", "Signed out")
	page.Wait("#why")
	page.Look("shop-forced-enrolment")
	page.Fill("#app-code", browser.Code(t, page.Text("#secret")))
	page.Click("#confirm")
	page.Wait("#recovery")
	page.Click("#kept")
	page.WantText("#status", "Signed in as ada@example.com")
	page.WantContains("#factors", "Authenticator app")
	page.Reload()
	page.WantText("#status", "Signed in as ada@example.com")
}

// TestShopEverywhere promises that a sign-out on all devices ends the session in another browser too.
func TestShopEverywhere(t *testing.T) {
	shop := startShop(t)
	laptop, phone := browser.Open(t), browser.Open(t)
	for _, device := range []*browser.Page{laptop, phone} {
		device.Visit(shop.url)
		signIn(device, password)
		device.WantText("#status", "Signed in as ada@example.com")
	}
	laptop.Click("#everywhere")
	laptop.WantText("#status", "Signed out")
	phone.Reload()
	phone.WantText("#status", "Signed out")
}

// TestClientTypes promises that latchkey.d.ts declares every method of latchkey.js, which stays short enough to read before copying.
func TestClientTypes(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../../examples/spa/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	code, types := read("latchkey.js"), read("latchkey.d.ts")
	methods := regexp.MustCompile(`(?m)^  (?:async )?([a-z]\w*)\(`).FindAllStringSubmatch(code, -1)
	for _, m := range methods {
		if !strings.Contains(types, "  "+m[1]+"(") {
			t.Errorf("latchkey.d.ts does not declare %s", m[1])
		}
	}
	if lines := strings.Count(code, "\n"); lines > 150 || len(methods) < 12 {
		t.Errorf("latchkey.js has %d lines and %d methods", lines, len(methods))
	}
}

func signIn(page *browser.Page, password string) {
	page.Fill("#username", "ada@example.com")
	page.Fill("#password", password)
	page.Click("#submit")
}

// shop is a running examples/spa, with the login and the API that it starts.
type shop struct {
	url string
	log *browser.Record
}

func (s shop) refreshes() int {
	return strings.Count(s.log.String(), "path=/api/users/refresh status=200")
}

// refreshTogether loads the page in all tabs at the same time, when a refresh is due: the tabs take turns, and all stay signed in.
func (s shop) refreshTogether(t *testing.T, tabs ...*browser.Page) {
	t.Helper()
	before := s.refreshes()
	browser.Evaluate[int](tabs[0], `localStorage.latchkeyRefreshAt = 0`)
	var all sync.WaitGroup
	for _, tab := range tabs {
		all.Go(func() {
			tab.Reload()
			tab.WantText("#status", "Signed in as ada@example.com")
		})
	}
	all.Wait()
	if n := s.refreshes() - before; n < 1 || n > len(tabs) {
		t.Errorf("%d refreshes", n)
	}
}

// startShop runs the one command of examples/spa on free ports, with a store and keys of its own.
func startShop(t *testing.T, settings ...string) shop {
	t.Helper()
	binary, dir := filepath.Join(t.TempDir(), "spa"), t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./examples/spa")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build examples/spa: %v\n%s", err, out)
	}
	page := freePort(t)
	s := shop{fmt.Sprintf("http://localhost:%d", page), &browser.Record{}}
	cmd := exec.CommandContext(context.Background(), binary, "-page", fmt.Sprint(page), "-login", fmt.Sprint(freePort(t)), "-orders", fmt.Sprint(freePort(t)))
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = "../..", s.log, s.log, 20*time.Second
	cmd.Env = append(os.Environ(), append(settings, "LATCHKEY_STORE=sqlite:"+filepath.Join(dir, "latchkey.db"), "LATCHKEY_KEYS=file:"+filepath.Join(dir, "keys.json"), "LATCHKEY_MAIL=file:"+filepath.Join(dir, "mail"))...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("examples/spa ended badly: %v", err)
		}
		if t.Failed() {
			t.Logf("the shop's log:\n%s", s.log)
		}
	})
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if text := s.log.String(); strings.Contains(text, "open "+s.url) && strings.Count(text, "istening on") > 0 {
			return s
		}
	}
	t.Fatalf("the shop did not start:\n%s", s.log)
	return shop{}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
