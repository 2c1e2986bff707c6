package browser_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"latchkey/tools/browser"
)

// TestPasskeyPage promises that the lines of docs/factors.md run in a browser: they make a passkey, sign in with only that, and use it as the
// second factor after a password.
func TestPasskeyPage(t *testing.T) {
	server, tab := openDemo(t)
	lines := regexp.MustCompile("(?s)\n```js\n(.*?)\n```\n").FindStringSubmatch(factorsPage(t))
	if lines == nil {
		t.Fatal("docs/factors.md has no lines for a browser")
	}
	tab.AddAuthenticator()
	got := browser.Evaluate[string](tab, `(async () => {
		const username = "ada@example.com", password = "`+password+`";
		await fetch("/api/users/login", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({username, password})});
		`+lines[1]+`
		return (await fetch("/api/users/factors")).text();
	})()`)
	var listed struct {
		Factors []struct {
			Kind, Name string
			LastUsedAt *time.Time
		}
		RecoveryCodes int
	}
	if err := json.Unmarshal([]byte(got), &listed); err != nil || len(listed.Factors) != 1 || listed.RecoveryCodes != 10 {
		t.Fatalf("the factors are %s", got)
	}
	if f := listed.Factors[0]; f.Kind != "passkey" || f.Name != "laptop" || f.LastUsedAt == nil {
		t.Errorf("the passkey is %+v", f)
	}
	for _, event := range []string{"factor_add", "login_passkey", "login_factor"} {
		if !regexp.MustCompile(`event=` + event + ` outcome=success reason=ok`).MatchString(server.Log()) {
			t.Errorf("no %s succeeded:\n%s", event, server.Log())
		}
	}
}

// TestPasskeyConditional promises that a page can offer passkeys in the field for the address, with nothing typed, by either contract; and
// that a passkey of another page, or one that was removed, does not sign in.
func TestPasskeyConditional(t *testing.T) {
	_, tab := openDemo(t)
	tab.AddAuthenticator()
	evaluate := func(script string) string {
		t.Helper()
		return browser.Evaluate[string](tab, `(async () => { `+script+` })()`)
	}
	evaluate(helpers + `
		await post("/api/users/login", {username: "grace@example.com", password: "` + password + `"});
		await make();
		return "";`)
	for _, path := range []string{"/api/users/login/passkey", "/users/login/passkey"} {
		token := evaluate(helpers + `
			const input = document.createElement("input");
			input.autocomplete = "username webauthn";
			document.body.append(input);
			const [challenge, signed] = await sign("conditional");
			const answer = await post("` + path + `", {challenge, assertion: signed});
			return answer.access_token ?? answer.accessToken ?? JSON.stringify(answer);`)
		if amr := claims(t, token).AMR; strings.Join(amr, " ") != "hwk user mfa" {
			t.Errorf("%s: amr is %v in %s", path, amr, token)
		}
	}
	refused := evaluate(helpers + `
		const [challenge, signed] = await sign("optional");
		const {factors} = await (await fetch("/api/users/factors")).json();
		const removed = await fetch("/api/users/factors/" + factors[0].id, {method: "DELETE"});
		const answer = await post("/api/users/login/passkey", {challenge, assertion: signed});
		return removed.status + " " + JSON.stringify(answer);`)
	if want := `200 {"message":"Invalid username or password"}`; refused != want {
		t.Errorf("a removed passkey: %s, want %s", refused, want)
	}
}

// helpers are what the scripts of these tests share.
const helpers = `
	const post = async (path, body) =>
		(await fetch(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)})).json();
	const make = async () => {
		const {challenge, publicKey} = await post("/api/users/passkeys/options", {});
		const made = await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey)});
		return post("/api/users/passkeys", {challenge, credential: made.toJSON(), name: "laptop"});
	};
	const sign = async mediation => {
		const {challenge, publicKey} = await post("/api/users/login/passkey/options", {});
		const signed = await navigator.credentials.get({mediation, publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey)});
		return [challenge, signed.toJSON()];
	};
`

// openDemo opens the demo at localhost. Its answers forbid scripts, which these tests bring along.
func openDemo(t *testing.T) (*browser.Server, *browser.Page) {
	t.Helper()
	server, tab := browser.Serve(t, "--demo"), browser.Open(t)
	if _, err := chromedp.Call(tab.Context(), page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	tab.Visit(server.URL + "/healthz")
	return server, tab
}

func factorsPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/factors.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

type tokenClaims struct {
	AMR []string `json:"amr"`
}

// claims decodes the token without verifying it.
func claims(t *testing.T, token string) (c tokenClaims) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %s", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(payload, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
