package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Page is a tab of a browser. Its methods take CSS selectors, wait for the element, and fail the test at once.
type Page struct {
	*testing.T
	ctx      context.Context
	problems *problems
}

func newPage(t *testing.T, parent context.Context) *Page {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(parent)
	t.Cleanup(closeTab)
	p := &Page{T: t, ctx: ctx, problems: &problems{}}
	p.problems.watch(p)
	return p
}

// NewTab opens another tab of the same browser, with the same cookies and storage, and watches it for problems too.
func (p *Page) NewTab() *Page {
	p.Helper()
	return newPage(p.T, p.ctx)
}

// Do runs actions of chromedp in this tab, for whatever the other methods do not offer.
func (p *Page) Do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// Context is the tab's, for calls of the DevTools protocol with chromedp.Call.
func (p *Page) Context() context.Context { return p.ctx }

// Visit opens the URL and waits until the page has loaded, without waiting for what its scripts fetch later.
func (p *Page) Visit(url string) {
	p.Helper()
	p.Do(chromedp.Navigate(url))
}

// Reload loads the page again, as a person does with F5; cookies and storage of the browser stay.
func (p *Page) Reload() {
	p.Helper()
	p.Do(chromedp.Reload())
}

// Click waits until the element is visible and enabled, and clicks on it with the mouse.
func (p *Page) Click(selector string) {
	p.Helper()
	p.within(selector, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.WaitEnabled(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// Fill replaces the value of a form field by an input event, as pasting does.
func (p *Page) Fill(selector, value string) {
	p.Helper()
	p.within(selector, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Focus(chromedp.CSS(selector)))
	Evaluate[bool](p, `document.activeElement.select() ?? true`)
	if value == "" {
		p.Do(chromedp.KeyEvent(kb.Delete))
		return
	}
	if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: value}); err != nil {
		p.Fatalf("fill %s: %v", selector, err)
	}
}

// Wait waits until the element is visible, up to 30 seconds; then the test fails and names the selector.
func (p *Page) Wait(selector string) {
	p.Helper()
	p.within(selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// within runs actions that wait for an element, for a limited time.
func (p *Page) within(selector string, actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, waitLimit)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Screenshot("failed-" + strings.ReplaceAll(p.Name(), "/", "-"))
		p.Fatalf("%s: %v", selector, err)
	}
}

// WantText waits until the element's text, spaces collapsed, is the wanted one; the failure shows the last text.
func (p *Page) WantText(selector, want string) {
	p.Helper()
	p.wantText(selector, "is", want, func(got string) bool { return got == want })
}

// WantContains waits until the element's text, spaces collapsed, contains the wanted one; the failure shows the last text.
func (p *Page) WantContains(selector, want string) {
	p.Helper()
	p.wantText(selector, "contains", want, func(got string) bool { return strings.Contains(got, want) })
}

func (p *Page) wantText(selector, relation, want string, met func(string) bool) {
	p.Helper()
	got := ""
	for deadline := time.Now().Add(waitLimit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got = p.Text(selector); met(got) {
			return
		}
	}
	p.Screenshot("failed-" + strings.ReplaceAll(p.Name(), "/", "-"))
	p.Fatalf("%s: want a text that %s %q, got %q", selector, relation, want, got)
}

// Text returns the element's text with spaces collapsed, hidden parts included; empty if there is no such element.
func (p *Page) Text(selector string) string {
	p.Helper()
	text := Evaluate[string](p, `document.querySelector(`+quote(selector)+`)?.textContent ?? ''`)
	return strings.Join(strings.Fields(text), " ")
}

// WantTrue waits until the JavaScript expression is true, up to 30 seconds; the failure shows the expression.
func (p *Page) WantTrue(expression string) {
	p.Helper()
	for deadline := time.Now().Add(waitLimit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if Evaluate[bool](p, `Boolean(`+expression+`)`) {
			return
		}
	}
	p.Screenshot("failed-" + strings.ReplaceAll(p.Name(), "/", "-"))
	p.Fatalf("never true: %s", expression)
}

// Evaluate returns the value of a JavaScript expression in the page; a promise is awaited.
func Evaluate[T any](p *Page, expression string) T {
	p.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return value
}

// quote returns the text as a JavaScript string.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(text) + "'"
}

// Resize sets the size of the window in CSS pixels, to see the page as on a phone or a wide screen.
func (p *Page) Resize(width, height int64) {
	p.Helper()
	p.Do(chromedp.EmulateViewport(width, height))
}

// SetDark makes the page see a system that prefers dark colours, or light ones, whatever this machine prefers.
func (p *Page) SetDark(dark bool) {
	p.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, params); err != nil {
		p.Fatal(err)
	}
}

// Screenshot writes the whole page as screenshots/NAME.png, for people to look at; Git ignores the folder.
func (p *Page) Screenshot(name string) {
	p.Helper()
	p.save(name, chromedp.FullScreenshot(100))
}

// ScreenshotWindow writes the part of the page that the window shows; otherwise it is like Screenshot.
func (p *Page) ScreenshotWindow(name string) {
	p.Helper()
	p.save(name, chromedp.CaptureScreenshot())
}

// Look checks the accessibility of the page as it is, and takes pictures of it: NAME.png, NAME-dark.png and NAME-narrow.png, as on a
// phone. It leaves a wide and light window.
func (p *Page) Look(name string) {
	p.Helper()
	wide := func() { p.Resize(1320, 900); p.SetDark(false) }
	views := []struct {
		suffix string
		set    func()
	}{{"", wide}, {"-dark", func() { p.SetDark(true) }}, {"-narrow", func() { p.SetDark(false); p.Resize(390, 844) }}}
	for _, view := range views {
		view.set()
		Evaluate[bool](p, `new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))`) // scripts follow
		p.CheckAccessibility()
		p.Screenshot(name + view.suffix)
	}
	wide()
}

func (p *Page) save(name string, take chromedp.Action[[]byte]) {
	p.Helper()
	picture, err := chromedp.Run(p.ctx, take)
	if err == nil {
		err = os.MkdirAll("screenshots", 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join("screenshots", name+".png"), picture, 0o644)
	}
	if err != nil {
		p.Errorf("screenshot %s: %v", name, err)
	}
}

// AddAuthenticator gives the tab a virtual authenticator of the platform's kind, which verifies its user without asking.
func (p *Page) AddAuthenticator() webauthn.AuthenticatorID {
	p.Helper()
	if _, err := chromedp.Call(p.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		p.Fatal(err)
	}
	added, err := chromedp.Call(p.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		p.Fatal(err)
	}
	return added.AuthenticatorID
}
