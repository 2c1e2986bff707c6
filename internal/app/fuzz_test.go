package app_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract"
	"latchkey/internal/contract/planpoint"
	"latchkey/internal/contract/session"
	"latchkey/internal/web"
)

// fuzzRoutes are all contracts and the session endpoints over a store with Grace.
func fuzzRoutes(f *testing.F) (*authtest.Kit, web.Routes) {
	f.Helper()
	k := authtest.NewKit(f, authtest.Grace())
	rules := auth.Rules{QualifyingRoles: []string{"Organization Owner"}}
	routes := contractRoutes(f, k, rules, nil)
	maps.Copy(routes, session.Routes(session.Config{Log: k.Log.Logger()}, k.Sessions(rules)))
	return k, routes
}

func answerTo(routes web.Routes, r *http.Request) (int, string) {
	answer := httptest.NewRecorder()
	routes.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String()
}

// FuzzCredentials looks for a body that gets a 5xx, or that signs in although a simple JSON reader does not find the
// credentials in it.
func FuzzCredentials(f *testing.F) {
	_, routes := fuzzRoutes(f)
	good := `{"username":"grace@example.com","email":"grace@example.com","password":"` + authtest.Password + `"}`
	for _, seed := range []string{
		good, strings.ToUpper(good), good + good, " " + good + "\n", good[1:], `{"username":null,"email":[],"password":{}}`,
		`{"username":"grace@example.com","password":"","impersonate":""}`, `{"username":"\ud800","email":"\u0000"}`, "\xff", `{}`, `[]`,
		good[:len(good)-1] + `,"code":[],"remember":{},"stepUp":"x","deviceToken":1}`, good[:len(good)-1] + `,"remember":true,"deviceToken":"AAAA"}`,
	} {
		f.Add([]byte(seed), "application/json")
	}
	f.Add([]byte(good), "application/json; charset=utf-8")
	f.Add([]byte(good), "text/plain")
	members := map[string]string{}
	for _, c := range contracts(f, nil) {
		members[c.Path()] = identifierMember(f, c)
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for path, name := range members {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body))
			r.Header.Set("Content-Type", contentType)
			status, answer := answerTo(routes, r)
			if !slices.Contains([]int{200, 400, 401, 403}, status) {
				t.Fatalf("%s %q is answered by %d %s", path, body, status, answer)
			}
			var given map[string]any
			err := json.Unmarshal(body, &given)
			user, _ := given[name].(string)
			if strings.Contains(answer, "oken") && (err != nil || given["password"] != authtest.Password ||
				!strings.EqualFold(strings.TrimSpace(user), "grace@example.com")) {
				t.Fatalf("%s %q signs in", path, body)
			}
		}
	})
}

// identifierMember returns the member in which the contract reads the address: the one without which it refuses.
func identifierMember(t testing.TB, c contract.Contract) string {
	t.Helper()
	credentials := authtest.Credentials(t, "grace@example.com", authtest.Password)
	var members map[string]string
	if err := json.Unmarshal([]byte(credentials), &members); err != nil {
		t.Fatal(err)
	}
	for member, value := range members {
		if value == authtest.Password {
			continue
		}
		body := strings.Replace(credentials, `"`+member+`"`, `"other"`, 1)
		r := httptest.NewRequest(http.MethodPost, c.Path(), nil)
		r.Header.Set("Content-Type", "application/json")
		if _, err := c.Decode(r, []byte(body)); err != nil {
			return member
		}
	}
	t.Fatalf("%s reads the address from another member", c.Path())
	return ""
}

// FuzzCookies looks for a Cookie header that gets a 5xx, or that is accepted without holding a session's token. ACCESS and
// REFRESH in the fuzzer's input stand for the real tokens.
func FuzzCookies(f *testing.F) {
	k, routes := fuzzRoutes(f)
	g, err := k.Service(auth.Rules{}).Login(f.Context(), auth.Attempt{
		Identifier: authtest.Identifier("grace@example.com"), Password: authtest.Password,
	}, auth.Terms{Contract: "planpoint", AccessLife: planpoint.AccessLife, Refreshable: true})
	if err != nil {
		f.Fatal(err)
	}
	for _, header := range []string{
		"", "planpoint=ACCESS", `planpoint="ACCESS"`, "planpoint=ACCESS; planpointRefresh=REFRESH", "planpoint=ACCESS; planpoint=x", "planpoint=REFRESH",
		"planpointRefresh=ACCESS", " ;planpoint=ACCESS,x", "planpoint=ACCES\tS", "a=b; =; planpoint", "planpoint=ACCESS\x00", "PLANPOINT=ACCESS",
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		header = strings.NewReplacer("ACCESS", g.AccessToken, "REFRESH", g.RefreshToken).Replace(header)
		for _, e := range []struct{ method, path, needs string }{
			{http.MethodGet, "/api/users/me", g.AccessToken}, {http.MethodGet, "/api/users/sessions", g.AccessToken}, {http.MethodPost, "/api/users/refresh", g.RefreshToken},
		} {
			r := httptest.NewRequestWithContext(t.Context(), e.method, e.path, nil)
			r.Header.Set("Cookie", header)
			status, answer := answerTo(routes, r)
			if !slices.Contains([]int{200, 400, 401}, status) || status == 200 && !strings.Contains(header, e.needs) {
				t.Fatalf("%s with %q is answered by %d %s", e.path, header, status, answer)
			}
		}
	})
}
