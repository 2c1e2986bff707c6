package organization_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract/organization"
)

// server is the contract over a real store; vera has three accounts, the second of which she chose.
type server struct {
	*authtest.Kit
	handler http.Handler
}

func newServer(t *testing.T) server {
	t.Helper()
	dorothy, vera := authtest.Grace(), authtest.Grace()
	dorothy.ID, dorothy.Email, dorothy.Identifier = "dorothy", "dorothy@example.com", authtest.Identifier("dorothy@example.com")
	dorothy.Status = auth.StatusDisabled
	vera.ID, vera.Email, vera.Identifier = "vera", "vera@example.com", authtest.Identifier("vera@example.com")
	vera.Profile = auth.Profile{Name: "Vera", LastName: "Rubin"}
	vera.Accounts = []auth.Account{
		{ID: "a1", OrganizationID: "o1", OrganizationName: "Georgetown", UserType: "Organization Owner"},
		{ID: "a2", OrganizationID: "o2", OrganizationName: "Carnegie", UserType: "Organization Admin", IsSelected: true, GroupID: "g2", CustomSubdomain: "dtm"},
		{ID: "a3", OrganizationID: "o3", OrganizationName: "Kitt Peak", UserType: "Viewer"},
	}
	k := authtest.NewKit(t, authtest.Ada(), authtest.Alan(), authtest.Grace(), authtest.Joan(), dorothy, vera)
	return server{k, k.Contract(organization.Contract{}, auth.Rules{
		QualifyingRoles: []string{"Organization Owner", "Organization Admin"}, ImpersonatorRoles: []string{"user"},
	}, "https://app.example.org")}
}

// answer is what a client sees.
type answer struct {
	status int
	header http.Header
	body   string
}

// call sends the request and checks what holds for every answer of the contract; there is never a cookie.
func (s server) call(t *testing.T, r *http.Request) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(rec, r)
	result := rec.Result()
	body, _ := io.ReadAll(result.Body)
	a := answer{result.StatusCode, result.Header, string(body)}
	for name, want := range map[string][]string{
		"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}, "Set-Cookie": nil,
	} {
		if d := cmp.Diff(want, a.header.Values(name)); d != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, d)
		}
	}
	if token, _ := a.members(t)["accessToken"].(string); token != "" {
		s.Log.Keep(token)
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

// wantFailure checks that the body is the contract's shape for everything but success, with this errorType or none.
func (a answer) wantFailure(t *testing.T, status int, errorType string) {
	t.Helper()
	members := a.members(t)
	message, _ := members["errorMessage"].(string)
	want := map[string]any{"isSuccess": false, "errorMessage": message}
	if errorType != "" {
		want["errorType"] = errorType
	}
	if d := cmp.Diff(want, members); a.status != status || message == "" || d != "" {
		t.Errorf("%d, want %d; the body differs (-want +got):\n%s", a.status, status, d)
	}
}

func request(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://login.example.com"+organization.Path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func credentials(name, password string) *http.Request {
	return request(`{"email":"` + name + `@example.com","password":"` + password + `"}`)
}

// The tests follow the table of the contract, point by point.

// TestSuccess promises all of a user's accounts with one selected, and a token for that one.
func TestSuccess(t *testing.T) {
	s := newServer(t)
	account := func(user, id, org, userType, name string, selected bool, group, subdomain string) any {
		return map[string]any{
			"id": id, "userId": user, "organizationId": org, "userType": userType, "organizationName": name,
			"isSelected": selected, "groupId": group, "customSubdomain": subdomain,
		}
	}
	for _, test := range []struct {
		name, fullName string
		accounts       []any
		claims         auth.Claims
	}{
		{"grace", "Grace Hopper", []any{
			account("grace", "account-grace", "org-navy", "Organization Owner", "Navy", true, "group-1", "navy"),
		}, auth.Claims{Roles: []string{"Organization Owner"}, Org: "org-navy"}},
		{"vera", "Vera Rubin", []any{
			account("vera", "a1", "o1", "Organization Owner", "Georgetown", false, "", ""),
			account("vera", "a2", "o2", "Organization Admin", "Carnegie", true, "g2", "dtm"),
			account("vera", "a3", "o3", "Viewer", "Kitt Peak", false, "", ""),
		}, auth.Claims{Roles: []string{"Organization Admin"}, Org: "o2"}},
	} {
		a := s.call(t, credentials(test.name, authtest.Password))
		token, _ := a.members(t)["accessToken"].(string)
		want := map[string]any{
			"isSuccess": true, "accessToken": token, "accounts": test.accounts, "userId": test.name, "fullName": test.fullName,
		}
		if d := cmp.Diff(want, a.members(t)); a.status != 200 || d != "" {
			t.Errorf("%s: %d, the body differs (-want +got):\n%s", test.name, a.status, d)
		}
		got := s.Claims(t, token)
		issued := authtest.Start().Truncate(time.Second)
		test.claims.ID, test.claims.SessionID, test.claims.Subject = got.ID, got.SessionID, test.name
		test.claims.IssuedAt, test.claims.ExpiresAt = issued, issued.Add(time.Hour) // organization note 1
		test.claims.AMR, test.claims.AuthTime = []string{"pwd"}, issued
		if d := cmp.Diff(test.claims, got); d != "" {
			t.Errorf("%s: the token differs (-want +got):\n%s", test.name, d)
		}
	}
}

// TestUnauthorized promises that all refused sign-ins have the same body and headers.
func TestUnauthorized(t *testing.T) {
	s := newServer(t)
	want := s.call(t, credentials("nobody", authtest.Password))
	want.wantFailure(t, 200, "unauthorized")
	for name, r := range map[string]*http.Request{
		"wrong password":              credentials("grace", "wrong"),
		"password and a space":        credentials("grace", authtest.Password+" "),
		"password of 15 KiB":          credentials("grace", strings.Repeat("x", 15<<10)),
		"pending (note 2)":            credentials("joan", authtest.Password),
		"disabled":                    credentials("dorothy", authtest.Password),
		"no account (note 3)":         credentials("ada", authtest.Password),
		"no account, wrong password":  credentials("ada", "wrong"),
		"no qualifying role (note 3)": credentials("alan", authtest.Password),
	} {
		if d := cmp.Diff(want, s.call(t, r), cmp.AllowUnexported(answer{})); d != "" {
			t.Errorf("%s differs from an unknown user (-want +got):\n%s", name, d)
		}
	}
}

// TestBadRequests promises which bodies are accepted, and for all others a 400 with one of two error types.
func TestBadRequests(t *testing.T) {
	s := newServer(t)
	const missing, format = "missingRequiredFields", "invalidRequestFormat"
	good := `{"email":"grace@example.com","password":"` + authtest.Password + `"}`
	for _, test := range []struct{ name, contentType, body, want string }{ // want "": success
		{"credentials", "application/json", good, ""},
		{"parameters", "application/json; charset=utf-8", good, ""},
		{"the address in another spelling", "application/json", `{"email":" GRACE@Example.COM\n","password":"` + authtest.Password + `"}`, ""},
		{"unknown members", "application/json", `{"username":"ada@example.com","impersonate":"ada@example.com",` + good[1:], ""},
		{"names in another case", "application/json", `{"Email":"ada@example.com",` + good[1:], ""},
		{"16 KiB", "application/json", good + strings.Repeat(" ", 16<<10-len(good)), ""},

		{"no members", "application/json", `{}`, missing},
		{"no email", "application/json", `{"password":"x"}`, missing},
		{"no password", "application/json", `{"email":"grace@example.com"}`, missing},
		{"email null", "application/json", `{"email":null,"password":"x"}`, missing},
		{"password null", "application/json", `{"email":"grace@example.com","password":null}`, missing},
		{"email empty", "application/json", `{"email":"","password":"x"}`, missing},
		{"password empty", "application/json", `{"email":"grace@example.com","password":""}`, missing},
		{"names in the wrong case alone", "application/json", `{"EMAIL":"grace@example.com","password":"x"}`, missing},
		{"no address, and no password", "application/json", `{"email":"grace"}`, missing},

		{"empty", "application/json", ``, format},
		{"not JSON", "application/json", `email=grace`, format},
		{"null", "application/json", `null`, format},
		{"an array", "application/json", `[` + good + `]`, format},
		{"trailing data", "application/json", good + good, format},
		{"duplicated member", "application/json", `{"email":"ada@example.com",` + good[1:], format},
		{"email a number", "application/json", `{"email":1,"password":"x"}`, format},
		{"email a number, and no password", "application/json", `{"email":1}`, format},
		{"password an array", "application/json", `{"email":"grace@example.com","password":["x"]}`, format},
		{"lone surrogate", "application/json", `{"email":"grace@example.com","password":"\ud800"}`, format},
		{"no address", "application/json", `{"email":"grace","password":"x"}`, format},
		{"space for an address", "application/json", `{"email":" ","password":"x"}`, format},
		{"no content type", "", good, format},
		{"text", "text/plain", good, format},
		{"form", "application/x-www-form-urlencoded", `email=grace%40example.com&password=x`, format},
		{"over 16 KiB", "application/json", good + strings.Repeat(" ", 16<<10+1-len(good)), format},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.Calls()
			r := request(test.body)
			r.Header.Del("Content-Type")
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			a := s.call(t, r)
			if test.want == "" {
				if a.status != 200 || a.members(t)["isSuccess"] != true || a.members(t)["userId"] != "grace" {
					t.Errorf("%d %s, want grace's success", a.status, a.body)
				}
				return
			}
			a.wantFailure(t, 400, test.want)
			if calls := s.Calls(); len(calls) > 0 {
				t.Errorf("a bad request cost %v", calls)
			}
		})
	}
}

// TestNothingOfTheOtherContract promises that API keys and query credentials, which planpoint has, change nothing here.
func TestNothingOfTheOtherContract(t *testing.T) {
	s := newServer(t)
	r := credentials("grace", authtest.Password)
	r.Header.Set("Authorization", "lk_unknown")
	r.URL.RawQuery = "email=ada@example.com&password=x"
	a := s.call(t, r)
	token, _ := a.members(t)["accessToken"].(string)
	if a.status != 200 || token == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	stored, err := s.Store.Session(t.Context(), "grace", s.Claims(t, token).SessionID)
	if err != nil || stored.Client != "" || stored.Nonce != "" || stored.Contract != "organization" ||
		!stored.ExpiresAt.Equal(stored.CreatedAt.Add(time.Hour)) {
		t.Errorf("the session is %+v (error %v), want one of an hour that cannot be refreshed", stored, err)
	}
}
