package planpoint_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract/planpoint"
)

// server is the contract over a real store; ada has every field of a profile, grace has no text in hers.
type server struct {
	*authtest.Kit
	handler http.Handler
}

func newServer(t *testing.T, config planpoint.Config) server {
	t.Helper()
	ada, grace := authtest.Ada(), authtest.Grace()
	ada.Profile, grace.Profile = fullProfile(), auth.Profile{}
	dorothy, margaret, katherine := authtest.NewUser("dorothy"), authtest.NewUser("margaret"), authtest.NewUser("katherine")
	dorothy.Status = auth.StatusDisabled
	margaret.Role, katherine.Role = "support", "support"
	k := authtest.NewKit(t, ada, grace, authtest.Joan(), dorothy, margaret, katherine)
	return server{k, k.Contract(planpoint.New(config), auth.Rules{ImpersonatorRoles: []string{"support"}}, "https://app.example.org")}
}

func fullProfile() auth.Profile {
	return auth.Profile{
		Name: "Ada", LastName: "Lovelace", FullName: "Augusta Ada King", Phone: "+44 20", CompanyName: "Engines",
		ProjectNameURL: "engine", Country: "UK", Address1: "St James's Sq", Address2: "12", City: "London", Region: "Westminster",
		Zip: "SW1Y", StripeAccountID: "acct_1", StripeOnboardingDone: true, StripeDetailsSubmitted: true, ExperimentalFeatures: true,
		StripeCustomer: auth.Document(`{"id":"cus_1"}`), Subscription: auth.Document(`{"items":[1.5]}`), AppliedTrial: true,
		Projects: []string{"p1"}, Groups: []string{"g1"}, Administrators: []string{"a1"}, Editors: []string{"e1", "e2"},
		Invites:     []auth.Invite{{FirstName: "Charles", LastName: "Babbage", Email: "charles@example.com", Level: "editor"}},
		Preferences: auth.Preferences{HideBrandingIcon: true},
	}
}

// answer is what a client sees.
type answer struct {
	status int
	header http.Header
	body   string
}

// call sends the request and checks what holds for every answer of the contract.
func (s server) call(t *testing.T, r *http.Request) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(rec, r)
	result := rec.Result()
	body, _ := io.ReadAll(result.Body)
	a := answer{result.StatusCode, result.Header, string(body)}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
	} {
		if d := cmp.Diff([]string{want}, a.header.Values(name)); d != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, d)
		}
	}
	if a.status == http.StatusOK {
		s.Log.Keep(a.member(t, "access_token"))
		return a
	}
	if len(a.header["Set-Cookie"]) > 0 || len(a.members(t)) != 1 || a.member(t, "message") == "" {
		t.Errorf("a refusal is one message and no cookie: %v %s", a.header["Set-Cookie"], a.body)
	}
	return a
}

func (a answer) members(t *testing.T) map[string]any {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(a.body), &members); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return members
}

func (a answer) member(t *testing.T, name string) string {
	t.Helper()
	text, _ := a.members(t)[name].(string)
	return text
}

func request(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://login.example.com"+planpoint.Path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func credentials(name string) string {
	return `{"username":"` + name + `@example.com","password":"` + authtest.Password + `"}`
}

func withKey(key string, r *http.Request) *http.Request {
	r.Header.Set("Authorization", key)
	return r
}
