package planpoint_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract/planpoint"
)

// The tests follow the table of the contract, point by point.

// TestBody promises which bodies are accepted, and for all others a 400 that says why and costs no read.
func TestBody(t *testing.T) {
	const (
		required = "username and password are required"
		username = "username must be an e-mail address"
		target   = "impersonate must be an e-mail address"
		strs     = "username, password and impersonate must be strings"
		notJSON  = "The body must be one JSON object of type application/json"
	)
	s := newServer(t, planpoint.Config{})
	good := credentials("ada")
	padded := func(size int) string { return good + strings.Repeat(" ", size-len(good)) }
	for _, test := range []struct {
		name, contentType, body string
		want                    string // the message of a 400; empty: 200
	}{
		{"credentials", "application/json", good, ""},
		{"parameters", "application/json; charset=utf-8", good, ""},
		{"the address in another spelling", "application/json", `{"username":" ADA@Example.COM\n","password":"` + authtest.Password + `"}`, ""},
		{"unknown members", "application/json", `{"role":"support","_id":"grace",` + good[1:], ""},
		{"names in another case", "application/json", `{"Username":"grace@example.com","PASSWORD":"x",` + good[1:], ""},
		{"16 KiB", "application/json", padded(16 << 10), ""},
		{"impersonate null", "application/json", `{"impersonate":null,` + good[1:], ""},

		{"over 16 KiB", "application/json", padded(16<<10 + 1), notJSON},
		{"no content type", "", good, notJSON},
		{"text", "text/plain", good, notJSON},
		{"form", "application/x-www-form-urlencoded", "username=ada%40example.com&password=x", notJSON},
		{"not JSON", "application/json", "{", notJSON},
		{"an array", "application/json", "[" + good + "]", notJSON},
		{"trailing data", "application/json", good + " x", notJSON},
		{"duplicated member", "application/json", `{"username":"grace@example.com",` + good[1:], notJSON},
		{"username a number", "application/json", `{"username":1,"password":"x"}`, strs},
		{"password an object", "application/json", `{"username":"ada@example.com","password":{"$ne":null}}`, strs},
		{"impersonate a number", "application/json", `{"impersonate":1,` + good[1:], strs},
		{"impersonate false", "application/json", `{"impersonate":false,` + good[1:], strs},
		{"impersonate a list", "application/json", `{"impersonate":[],` + good[1:], strs},

		{"empty", "application/json", "", required},
		{"empty, without content type", "", "", required},
		{"null", "application/json", "null", required},
		{"null with space around it", "application/json", " null\n", required},
		{"no members", "application/json", "{}", required},
		{"no username", "application/json", `{"password":"x"}`, required},
		{"no password", "application/json", `{"username":"ada@example.com"}`, required},
		{"username empty", "application/json", `{"username":"","password":"x"}`, required},
		{"password empty", "application/json", `{"username":"ada@example.com","password":""}`, required},
		{"username null", "application/json", `{"username":null,"password":"x"}`, required},
		{"password null", "application/json", `{"username":"ada@example.com","password":null}`, required},
		{"names in the wrong case alone", "application/json", `{"username":"ada@example.com","Password":"x"}`, required},

		{"username no address", "application/json", `{"username":"ada","password":"x"}`, username},
		{"username with a NUL", "application/json", `{"username":"ada@example.com\u0000","password":"x"}`, username},
		{"impersonate no address", "application/json", `{"impersonate":"grace",` + good[1:], target},
		{"impersonate empty", "application/json", `{"impersonate":"",` + good[1:], target},
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
				if a.status != 200 || a.member(t, "_id") != "ada" {
					t.Errorf("%d %s, want ada's 200", a.status, a.body)
				}
				return
			}
			if a.status != 400 || a.member(t, "message") != test.want {
				t.Errorf("%d %s, want 400 %s", a.status, a.body, test.want)
			}
			if calls := s.Calls(); len(calls) > 0 {
				t.Errorf("a bad request cost %v", calls)
			}
		})
	}
}

// TestQueryCredentials promises that credentials in the URL work only if they are turned on and there is no body.
func TestQueryCredentials(t *testing.T) {
	const (
		off      = "Credentials in the query string are turned off; send them in a JSON body"
		both     = "Send the credentials in the body or in the query string, not in both"
		required = "username and password are required"
		username = "username must be an e-mail address"
		target   = "Send impersonate in a JSON body, not in the query string"
	)
	good := url.Values{"username": {"ada@example.com"}, "password": {authtest.Password}}.Encode()
	for _, test := range []struct {
		name        string
		allow       bool
		query, body string
		want        string // the message of a 400; empty: 200
	}{
		{"off", false, good, "", off},
		{"off, beside a body", false, good, credentials("ada"), off},
		{"off, one of the two", false, "password=x", credentials("ada"), off},
		{"off, other parameters", false, "utm=1", credentials("ada"), ""},
		{"on", true, good, "", ""},
		{"on, other parameters", true, good + "&utm=1&utm=2", "", ""},
		{"on, names in another case are others", true, good + "&Username=x", "", ""},
		{"on, body alone", true, "", credentials("ada"), ""},
		{"on, beside a body", true, good, credentials("ada"), both},
		{"on, beside an empty object", true, good, "{}", both},
		{"on, beside space", true, good, " ", both},
		{"on, one of the two, beside a body", true, "username=ada%40example.com", credentials("ada"), both},
		{"on, no password", true, "username=ada%40example.com", "", required},
		{"on, empty password", true, "username=ada%40example.com&password=", "", required},
		{"on, username twice", true, good + "&username=ada%40example.com", "", required},
		{"on, password twice", true, good + "&password=x", "", required},
		{"on, malformed", true, good + "&x=%zz", "", required},
		{"on, a semicolon that some read as &", true, good + ";username=x", "", required},
		{"on, no address", true, "username=ada&password=x", "", username},
		{"on, beside null", true, good, "null", ""},
		{"on, impersonate", true, good + "&impersonate=grace%40example.com", "", target},
		{"on, impersonate, empty", true, good + "&impersonate=", "", target},
		{"on, impersonate, twice", true, good + "&impersonate=x&impersonate=y", "", target},
		{"on, impersonate, beside a body", true, "impersonate=grace%40example.com", credentials("ada"), target},
		{"off, impersonate, beside a body", false, "impersonate=grace%40example.com", credentials("ada"), target},
		{"off, impersonate", false, good + "&impersonate=grace%40example.com", "", target},
		{"on, nothing at all", true, "", "", required},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, planpoint.Config{AllowQueryCredentials: test.allow})
			r := httptest.NewRequest(http.MethodPost, planpoint.Path+"?"+test.query, strings.NewReader(test.body))
			if test.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			a := s.call(t, r)
			if test.want == "" && a.status != 200 || test.want != "" && (a.status != 400 || a.member(t, "message") != test.want) {
				t.Errorf("%d %s, want %q", a.status, a.body, test.want)
			}
		})
	}
}

// TestAPIKey promises which keys are accepted, and how long the access token of each kind of client is valid.
func TestAPIKey(t *testing.T) {
	for _, required := range []bool{false, true} {
		s := newServer(t, planpoint.Config{RequireAPIKey: required})
		standard, integration := s.Client(t, auth.ClientStandard, false), s.Client(t, auth.ClientIntegration, false)
		optional := map[bool]int{false: 200, true: 401}[required]
		for _, test := range []struct {
			name   string
			header []string
			status int
			life   int // of the access cookie, in seconds
		}{
			{"none", nil, optional, 86_400},
			{"empty", []string{""}, optional, 86_400},
			{"a browser's stale token", []string{"Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"}, optional, 86_400},
			{"bearer in lower case", []string{"bearer x"}, optional, 86_400},
			{"a key called Bearer is no key", []string{"Bearer " + standard}, optional, 86_400},
			{"standard", []string{standard}, 200, 86_400},
			{"integration", []string{integration}, 200, 7_776_000},
			{"disabled", []string{s.Client(t, auth.ClientIntegration, true)}, 401, 0},
			{"unknown", []string{"lk_unknown"}, 401, 0},
			{"in capitals", []string{strings.ToUpper(standard)}, 401, 0},
			{"with a scheme", []string{"Basic " + standard}, 401, 0},
			{"its hash", []string{auth.HashAPIKey(standard)}, 401, 0},
		} {
			t.Run(fmt.Sprintf("required %t: %s", required, test.name), func(t *testing.T) {
				r := request(credentials("ada"))
				r.Header["Authorization"] = test.header
				a := s.call(t, r)
				if a.status != test.status {
					t.Fatalf("%d %s, want %d", a.status, a.body, test.status)
				}
				if want := fmt.Sprintf("; Max-Age=%d;", test.life); a.status == 200 && !strings.Contains(a.header.Get("Set-Cookie"), want) {
					t.Errorf("the cookie is %s, want%s", a.header.Get("Set-Cookie"), want)
				}
			})
		}
	}
}

// TestAnswer promises every member of the 200, also for a user without a profile.
func TestAnswer(t *testing.T) {
	s := newServer(t, planpoint.Config{})
	list := func(items ...any) []any { return append([]any{}, items...) }
	for name, want := range map[string]map[string]any{
		"ada": {
			"message": "Login successful", "_id": "ada", "role": "user", "username": "ada@example.com",
			"name": "Ada", "lastName": "Lovelace", "fullName": "Augusta Ada King", "phone": "+44 20", "companyName": "Engines",
			"projectNameURL": "engine", "country": "UK", "address1": "St James's Sq", "address2": "12", "city": "London",
			"region": "Westminster", "zip": "SW1Y", "stripeAccountId": "acct_1", "stripeOnboardingDone": true,
			"stripeDetailsSubmitted": true, "experimentalFeatures": true, "stripeCustomer": map[string]any{"id": "cus_1"},
			"subscription": map[string]any{"items": list(1.5)}, "appliedTrial": true, "projects": list("p1"), "groups": list("g1"),
			"administrators": list("a1"), "editors": list("e1", "e2"),
			"invites": list(map[string]any{
				"firstName": "Charles", "lastName": "Babbage", "email": "charles@example.com", "level": "editor",
			}),
			"preferences": map[string]any{"hideBrandingIcon": true, "hideLoadingLogo": false},
		},
		"grace": { // absent texts are left out, the rest has its defaults
			"message": "Login successful", "_id": "grace", "username": "grace@example.com",
			"stripeOnboardingDone": false, "stripeDetailsSubmitted": false, "experimentalFeatures": false,
			"stripeCustomer": map[string]any{}, "subscription": map[string]any{}, "appliedTrial": false,
			"projects": list(), "groups": list(), "administrators": list(), "editors": list(), "invites": list(),
			"preferences": map[string]any{"hideBrandingIcon": false, "hideLoadingLogo": false},
		},
	} {
		a := s.call(t, request(credentials(name)))
		token := a.member(t, "access_token")
		want["access_token"], want["token"] = token, token
		if d := cmp.Diff(want, a.members(t)); a.status != 200 || d != "" {
			t.Errorf("%s: %d, the body differs (-want +got):\n%s", name, a.status, d)
		}
		claims := s.Claims(t, token)
		if claims.Subject != name || claims.ExpiresAt.Sub(claims.IssuedAt) != 24*time.Hour || claims.Actor != "" || claims.Org != "" {
			t.Errorf("%s: the token says %+v", name, claims)
		}
	}
}

// TestCookies promises the attributes of both cookies, by domain, stage and kind of client.
func TestCookies(t *testing.T) {
	for _, test := range []struct {
		name            string
		config          planpoint.Config
		kind            auth.ClientKind
		access, refresh string // the attributes; empty: no such cookie
	}{
		{"host-only", planpoint.Config{}, "",
			"Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax", "Path=/api/users; Max-Age=604800; HttpOnly; Secure; SameSite=Lax"},
		{"of a domain", planpoint.Config{Cookies: planpoint.Cookies{Domain: "example.com"}}, "",
			"Path=/; Domain=example.com; Max-Age=86400; HttpOnly; Secure; SameSite=Lax",
			"Path=/api/users; Domain=example.com; Max-Age=604800; HttpOnly; Secure; SameSite=Lax"},
		{"below a stage", planpoint.Config{Cookies: planpoint.Cookies{IssuerPath: "/prod"}}, "",
			"Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax", "Path=/prod/api/users; Max-Age=604800; HttpOnly; Secure; SameSite=Lax"},
		{"standard client", planpoint.Config{}, auth.ClientStandard,
			"Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax", "Path=/api/users; Max-Age=604800; HttpOnly; Secure; SameSite=Lax"},
		{"integration client", planpoint.Config{}, auth.ClientIntegration, "Path=/; Max-Age=7776000; HttpOnly; Secure; SameSite=Lax", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.config)
			r := request(credentials("ada"))
			if test.kind != "" {
				withKey(s.Client(t, test.kind, false), r)
			}
			a := s.call(t, r)
			set := a.header["Set-Cookie"]
			if test.refresh != "" {
				name, rest, _ := strings.Cut(set[len(set)-1], "=")
				value, attributes, _ := strings.Cut(rest, "; ")
				s.Log.Keep(value)
				if name != "planpointRefresh" || len(value) < 60 || attributes != test.refresh || strings.Contains(a.body, value) {
					t.Errorf("the refresh cookie is %s", set[len(set)-1])
				}
				set = set[:len(set)-1]
			}
			want := []string{"planpoint=" + a.member(t, "access_token") + "; " + test.access}
			if d := cmp.Diff(want, set); d != "" {
				t.Errorf("cookies differ (-want +got):\n%s", d)
			}
		})
	}
}

// TestLargestToken promises that every token fits in a cookie: browsers drop one of more than 4,096 bytes and report nothing
// (RFC 6265bis 5.6). A signature of RSA-3072 takes 430 bytes more than the one here, long names of issuer and audience as
// much again.
func TestLargestToken(t *testing.T) {
	s := newServer(t, planpoint.Config{})
	caller, target := authtest.NewUser("caller"), authtest.NewUser("target")
	caller.ID, target.ID = strings.Repeat(`"`, 128), strings.Repeat(`\`, 128) // which JSON writes in two bytes
	caller.Role, target.Role = "support", strings.Repeat(`"`, 256)
	for _, u := range []auth.User{caller, target} {
		if err := u.Validate(); err != nil {
			t.Fatal(err)
		}
		s.Add(t, u)
	}
	a := s.call(t, request(`{"impersonate":"target@example.com",`+credentials("caller")[1:]))
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	if a.status != 200 || len(cookie) > 4096-2*430 {
		t.Errorf("%d, a cookie of %d bytes", a.status, len(cookie))
	}
}
