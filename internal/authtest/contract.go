package authtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/web"
)

// Contract returns the contract's endpoints over a service of the kit, for pages of the origins.
func (k *Kit) Contract(c contract.Contract, rules auth.Rules, origins ...string) web.Routes {
	config := contract.Config{Service: k.Service(rules), Origins: origins, Log: k.Log.Logger()}
	routes := contract.LoginRoutes(c, config)
	maps.Copy(routes, contract.FactorRoutes(c, config))
	return routes
}

// Body returns the body of a sign-in, as a contract's clients write it.
type Body func(t testing.TB, email, password string) string

// Credentials is a Body with the members of every contract of this binary; each of them ignores those of the others.
func Credentials(t testing.TB, email, password string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"username": email, "email": email, "password": password})
	check(t, err)
	return string(body)
}

// RunContract checks a contract against what all contracts promise: each refusal of auth has an answer, refusals that
// reveal who is a user look and cost the same, and faults, methods, other sites and throttling are answered alike.
func RunContract(t *testing.T, c contract.Contract, body Body) {
	for name, test := range map[string]func(contractTest){
		"success": contractTest.success, "table": contractTest.table, "indistinguishable refusals": contractTest.indistinguishable,
		"bad requests": contractTest.badRequests, "methods": contractTest.methods, "other sites": contractTest.otherSites,
		"faults": contractTest.faults, "throttling": contractTest.throttling,
	} {
		t.Run(name, func(t *testing.T) { test(newContractTest(t, c, body)) })
	}
}

// contractTest is a contract over a service of its own, with a user for each way that a sign-in goes.
type contractTest struct {
	*testing.T
	kit      *Kit
	contract contract.Contract
	body     Body
	handler  http.Handler
}

// friendly is the origin whose pages may call the contract.
const friendly = "https://app.example.org"

func newContractTest(t *testing.T, c contract.Contract, body Body) contractTest {
	k := NewKit(t, candidates()...)
	k.Update(t, "adele", func(u *auth.User) { u.PasswordHash = "" })
	k.Update(t, "klara", func(u *auth.User) { u.PasswordHash = "$argon2id$v=19$m=8,t=1" })
	check(t, k.Store.SetFactors(t.Context(), "betty", 1, auth.Factors{TOTP: []auth.TOTP{{ID: "phone", Sealed: []byte("not opened")}}}, nil))
	return contractTest{t, k, c, body, k.Contract(c, contractRules(), friendly)}
}

func contractRules() auth.Rules {
	return auth.Rules{QualifyingRoles: []string{"Organization Owner"}, Limits: auth.Limits{
		Free: 3, MaxBackoff: time.Minute, Source: auth.Rate{Failures: 1000, Span: time.Hour}, User: auth.Rate{Failures: 1000, Span: time.Hour},
	}}
}

// candidates all have an account that qualifies, except alan.
func candidates() []auth.User {
	users := []auth.User{Alan()}
	for _, name := range []string{"grace", "hedy", "mary", "edith", "joan", "dorothy", "adele", "klara", "betty"} {
		u := NewUser(name)
		u.Accounts = Grace().Accounts
		switch name {
		case "joan":
			u.Status = auth.StatusPending
		case "dorothy":
			u.Status = auth.StatusDisabled
		}
		users = append(users, u)
	}
	return users
}

// contractAnswer is what a client sees, and the calls of ports that it cost.
type contractAnswer struct {
	Calls  []string // sorted, because some run concurrently
	Status int
	Header http.Header
	Body   string
}

// request is a sign-in as a client sends it; edits change it.
func (ct contractTest) request(body string, edits ...func(*http.Request)) *http.Request {
	r := httptest.NewRequestWithContext(ct.Context(), http.MethodPost, "https://login.example.com"+ct.contract.Path(), strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = "192.0.2.7:4711"
	for _, edit := range edits {
		edit(r)
	}
	return r
}

// send answers a request and checks what holds for every answer.
func (ct contractTest) send(r *http.Request) contractAnswer {
	ct.Helper()
	rec := httptest.NewRecorder()
	ct.kit.Calls()
	ct.handler.ServeHTTP(rec, r)
	calls := ct.kit.Calls()
	slices.Sort(calls)
	a := contractAnswer{calls, rec.Code, rec.Result().Header, rec.Body.String()}
	token := ct.accessToken(a)
	ct.kit.Log.Keep(token)
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := a.Header.Values(name); !slices.Equal(got, []string{want}) {
			ct.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	switch {
	case a.Status == http.StatusNoContent:
		return a
	case a.Header.Get("Content-Type") != "application/json" || !json.Valid([]byte(a.Body)):
		ct.Errorf("the answer is not JSON: %s", a.Body)
	case token == "" && len(a.Header["Set-Cookie"]) > 0:
		ct.Errorf("a refusal sets cookies: %q", a.Header["Set-Cookie"])
	}
	return a
}

// signIn sends the credentials of a user by name.
func (ct contractTest) signIn(name, password string, edits ...func(*http.Request)) contractAnswer {
	ct.Helper()
	return ct.send(ct.request(ct.body(ct.T, name+"@example.com", password), edits...))
}

var jwtPattern = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)

// accessToken returns the access token in the body of an answer, or nothing.
func (ct contractTest) accessToken(a contractAnswer) string { return jwtPattern.FindString(a.Body) }

// wantAnswer checks that a refusal has the status and body of the contract's table for the error.
func (ct contractTest) wantAnswer(what string, err error, got contractAnswer) {
	ct.Helper()
	status, body := ct.answerTo(err)
	if d := cmp.Diff(body, got.Body); got.Status != status || d != "" {
		ct.Errorf("%s: status %d, want %d; the body differs from the table's for %v (-want +got):\n%s", what, got.Status, status, err, d)
	}
}

// success promises the access token of the user, for as long as the terms say, and a session of the contract's name.
func (ct contractTest) success() {
	a := ct.signIn("grace", Password)
	token := ct.accessToken(a)
	if a.Status/100 != 2 || token == "" {
		ct.Fatalf("%d %s, want a success with an access token", a.Status, a.Body)
	}
	terms, claims := ct.contract.Terms(), ct.kit.Claims(ct.T, token)
	if life := claims.ExpiresAt.Sub(claims.IssuedAt); claims.Subject != "grace" || life != terms.AccessLife {
		ct.Errorf("the token is for %s and %s, want grace and %s", claims.Subject, life, terms.AccessLife)
	}
	sessions, err := ct.kit.Store.SessionsOf(ct.Context(), "grace", "", 1000)
	check(ct.T, err)
	if len(sessions) != 1 || sessions[0].Contract != terms.Contract || (sessions[0].Nonce != "") != terms.Refreshable {
		ct.Errorf("the sessions are %+v, want one of %s", sessions, terms.Contract)
	}
	for _, secret := range []string{"argon2", "passwordHash", Password} {
		if strings.Contains(a.Body, secret) {
			ct.Errorf("the answer holds %q: %s", secret, a.Body)
		}
	}
}
