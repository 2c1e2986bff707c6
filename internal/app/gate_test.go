package app_test

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract"
	"latchkey/internal/factor"
	"latchkey/internal/passkey"
)

// TestNoRouteSkipsGate calls every route of every function with each proof of a password that lacks its factor, and promises
// that none answers with a token. With the factor, exactly the routes that sign in do.
func TestNoRouteSkipsGate(t *testing.T) {
	g := newGateTest(t)
	for _, path := range g.paths {
		for _, proof := range g.incomplete(t) {
			for name, token := range g.tokens(t, path, proof) {
				t.Errorf("%s with %s: %s %.20s…", path, proof.name, name, token)
			}
		}
	}
	var want, logins []string
	for _, c := range app.AllContracts() {
		want, logins = append(want, c.Path(), c.Path()+"/factor", c.Path()+"/passkey"), append(logins, c.Path())
	}
	g.wantOpen(t, "a factor", want, func(path string) proof { return g.complete(t, path) })
	g.wantOpen(t, "a remembered device", logins, func(string) proof { return g.remembered("ada") })
	g.wantOpen(t, "a device of another user", nil, func(string) proof { return g.remembered("grace") })
	check(t, g.kit.Store.EndSessions(t.Context(), "ada", ""))
	g.wantOpen(t, "a device that was ended", nil, func(string) proof { return g.remembered("ada") })
	for _, c := range app.AllContracts() {
		session := g.tokens(t, c.Path(), g.complete(t, c.Path()))["body"]
		if p := (proof{body: g.credentials("ada"), bearer: session}); len(g.tokens(t, contract.PasswordPath(c), p)) == 0 {
			t.Errorf("%s opens no session although the factor was proved", contract.PasswordPath(c))
		}
	}
}

// wantOpen checks which routes answer with a token.
func (g *gateTest) wantOpen(t *testing.T, with string, want []string, prove func(path string) proof) {
	t.Helper()
	var open []string
	for _, path := range g.paths {
		if len(g.tokens(t, path, prove(path))) > 0 {
			open = append(open, path)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, open); diff != "" {
		t.Errorf("the routes that sign in with %s differ (-want +got):\n%s", with, diff)
	}
}

// remembered returns the password of the user with Ada's device, in every place that a contract reads one from.
func (g *gateTest) remembered(user string) proof {
	return proof{name: "a device", body: g.credentials(user, `,"deviceToken":"`+g.device+`"`), device: g.device}
}

// gateTest is all functions over one kit: Ada has an authenticator app and a passkey, and Grace must have a factor and has none.
type gateTest struct {
	kit      *authtest.Kit
	handlers map[string]http.Handler // by path
	paths    []string
	seed     factor.Seed
	device   string   // the token of a device in which Ada proved the app
	early    []string // access tokens of sessions that Ada opened before she had the app
	passkey  *authtest.Authenticator
}

// proof is what a caller sends.
type proof struct{ name, body, bearer, device string }

func newGateTest(t *testing.T) *gateTest {
	t.Helper()
	ada, grace := authtest.Ada(), authtest.Grace()
	ada.Accounts, grace.Role = authtest.Grace().Accounts, "auditor"
	k := authtest.NewKit(t, ada, grace)
	config, err := app.ConfigFrom(settings{"THROTTLE": "off", "FACTOR_ROLES": "auditor", "RESET_URL": "https://app.example.com/reset", "PASSKEY_RP": "example.com", "ALLOWED_ORIGINS": passkeyPage}.get)
	check(t, err)
	g := &gateTest{kit: k, handlers: map[string]http.Handler{}}
	ports := app.Ports{Store: k.Store, Outbox: &authtest.Outbox{}, Passwords: k.Hasher, Passkeys: passkey.New(), Keys: k.Keyring, Tokens: k.Keyring, Audit: k.Log.Sink(), Log: k.Log.Logger(), Now: k.Clock.Now}
	for _, routes := range app.FunctionRoutes(config, ports) {
		for path := range routes {
			g.handlers[path] = routes
		}
	}
	g.paths = slices.Sorted(maps.Keys(g.handlers))
	for _, c := range app.AllContracts() {
		g.early = append(g.early, g.tokens(t, c.Path(), proof{body: g.credentials("ada")})["body"])
	}
	g.seed, err = factor.NewSeed(rand.Reader)
	check(t, err)
	sealed, err := factor.NewVault(k.Keyring, rand.Reader).Seal(t.Context(), factor.Stored, "ada", g.seed)
	check(t, err)
	var apart auth.Factors
	g.passkey, apart = newPasskey(t, config)
	apart.TOTP = []auth.TOTP{{ID: "phone", Sealed: sealed}}
	check(t, k.Store.SetFactors(t.Context(), "ada", 1, apart, nil))
	answer := g.send(t, planpointLogin, proof{body: g.credentials("ada", `,"code":"`+g.code()+`","remember":true`)})
	for _, c := range answer.Result().Cookies() {
		if c.Name == "latchkeyDevice" {
			g.device = c.Value
		}
	}
	return g
}

// incomplete returns every proof of a password without its factor.
func (g *gateTest) incomplete(t *testing.T) []proof {
	t.Helper()
	var all []proof
	for _, user := range []string{"ada", "grace"} {
		proofs := []proof{
			{name: "a password", body: g.credentials(user)},
			{name: "a password and a wrong code", body: g.credentials(user, `,"code":"12345"`)},
			{name: "a password with a code at its end", body: strings.Replace(g.credentials(user), authtest.Password, authtest.Password+g.code(), 1)},
			{name: "a wrong password in a device", body: strings.Replace(g.credentials(user, `,"deviceToken":"`+g.device+`"`), authtest.Password, "wrong", 1), device: g.device},
			{name: "a password and a step-up in a device", body: g.credentials(user, `,"stepUp":true,"deviceToken":"`+g.device+`"`), device: g.device},
			{name: "a password and a challenge for a device", body: g.credentials(user, `,"deviceToken":"`+g.challenge(t, planpointLogin, user)+`"`),
				device: g.challenge(t, organizationLogin, user)},
			{name: "a password and a device as bearer", body: g.credentials(user), bearer: g.device},
			{name: "a device as refresh token", body: `{"refreshToken":"` + g.device + `"}`},
			{name: "a password and empty proofs", body: g.credentials(user, `,"code":"","assertion":{},"remember":true,"stepUp":false`)},
		}
		for _, c := range app.AllContracts() {
			challenge := g.challenge(t, c.Path(), user)
			proofs = append(proofs,
				proof{name: "a challenge of " + c.Path(), body: `{"challenge":"` + challenge + `"}`},
				proof{name: "a challenge and a wrong code", body: `{"challenge":"` + challenge + `","code":"12345","id":"x"}`},
				proof{name: "a challenge as bearer", body: `{"id":"x","code":"12345"}`, bearer: challenge},
				proof{name: "a challenge as refresh token", body: `{"refreshToken":"` + challenge + `"}`},
			)
		}
		proofs = append(proofs, g.incompletePasskeys(t, user)...)
		for _, token := range g.early {
			proofs = append(proofs,
				proof{name: "a session and the password", body: g.credentials("ada"), bearer: token},
				proof{name: "a session, the password and a wrong code", body: g.credentials("ada", `,"code":"12345"`), bearer: token},
			)
		}
		for i := range proofs {
			proofs[i].name += " of " + user
		}
		all = append(all, proofs...)
	}
	return all
}

// complete returns the proof that the path accepts: a password and a new code, and a challenge where the path takes one.
func (g *gateTest) complete(t *testing.T, path string) proof {
	t.Helper()
	g.kit.Clock.Advance(factor.Period)
	challenge := ""
	if login, second := strings.CutSuffix(path, "/factor"); second {
		challenge = g.challenge(t, login, "ada")
	}
	if strings.HasSuffix(path, "/passkey") {
		asked := g.ask(t)
		return proof{name: "a passkey", body: asked.answered(g.passkey.Sign(t, asked.PublicKey))}
	}
	return proof{name: "all of it", body: g.credentials("ada", `,"challenge":"`+challenge+`","code":"`+g.code()+`"`)}
}

func (g *gateTest) credentials(user string, more ...string) string {
	address := user + "@example.com"
	return `{"username":"` + address + `","email":"` + address + `","password":"` + authtest.Password +
		`","currentPassword":"` + authtest.Password + `","newPassword":"` + authtest.Password + `"` + strings.Join(more, "") + `}`
}

func (g *gateTest) code() string { return g.seed.Code(factor.Step(g.kit.Clock.Now())) }

func (g *gateTest) challenge(t *testing.T, path, user string) string {
	t.Helper()
	var refused struct{ Challenge struct{ ID string } }
	answer := g.send(t, path, proof{body: g.credentials(user)}).Body.String()
	check(t, json.Unmarshal([]byte(answer), &refused))
	if refused.Challenge.ID == "" {
		t.Fatalf("no challenge for %s at %s: %s", user, path, answer)
	}
	return refused.Challenge.ID
}

// ask asks for a challenge that a passkey may sign.
func (g *gateTest) ask(t *testing.T) (a askedPasskey) {
	t.Helper()
	check(t, json.Unmarshal(g.send(t, "/api/users/login/passkey/options", proof{body: "{}"}).Body.Bytes(), &a))
	return a
}

// incompletePasskeys returns passkeys that prove too little, or to another call than the one that asked.
func (g *gateTest) incompletePasskeys(t *testing.T, user string) []proof {
	t.Helper()
	asked, login := g.ask(t), g.challenge(t, "/api/users/login", user)
	unverified, stranger := *g.passkey, authtest.NewAuthenticator(t, -7, passkeyPage)
	unverified.Flags &^= authtest.UserVerified
	stranger.Handle, stranger.CredentialID = g.passkey.Handle, g.passkey.CredentialID
	moved := askedPasskey{Challenge: login, PublicKey: asked.PublicKey}
	return []proof{
		{name: "a passkey without its user", body: asked.answered(unverified.Sign(t, asked.PublicKey))},
		{name: "a stranger's key", body: asked.answered(stranger.Sign(t, asked.PublicKey))},
		{name: "a passkey for another challenge", body: moved.answered(g.passkey.Sign(t, asked.PublicKey))},
		{name: "a challenge of a passkey as bearer", body: asked.answered([]byte("{}")), bearer: asked.Challenge},
		{name: "a challenge of a passkey and a password", body: strings.Replace(g.credentials(user), "{", `{"challenge":"`+asked.Challenge+`",`, 1)},
	}
}

func (g *gateTest) send(t *testing.T, path string, p proof) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, strings.Replace(path, "{id}", "phone", 1), strings.NewReader(p.body))
	r.Header.Set("Content-Type", "application/json")
	if p.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+p.bearer)
	}
	if p.device != "" {
		r.AddCookie(&http.Cookie{Name: "latchkeyDevice", Value: p.device})
	}
	answer := httptest.NewRecorder()
	g.handlers[path].ServeHTTP(answer, r)
	return answer
}

var anyToken = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)

// tokens returns what the answer has of tokens, in its body and in cookies.
func (g *gateTest) tokens(t *testing.T, path string, p proof) map[string]string {
	t.Helper()
	answer := g.send(t, path, p)
	found := map[string]string{}
	if token := anyToken.FindString(answer.Body.String()); token != "" {
		found["body"] = token
	}
	for _, c := range answer.Result().Cookies() {
		if c.Value != "" {
			found[c.Name] = c.Value
		}
	}
	return found
}
