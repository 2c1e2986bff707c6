package app_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/passkey"
)

// FuzzAccount looks for a body that gets a 5xx from a path of the account function, with or without a session.
func FuzzAccount(f *testing.F) {
	k := authtest.NewKit(f, authtest.Grace())
	config, err := app.ConfigFrom(settings{"THROTTLE": "off", "PASSKEY_RP": authtest.RelyingParty().ID}.get)
	if err != nil {
		f.Fatal(err)
	}
	ports := app.Ports{
		Store: k.Store, Passwords: k.Hasher, Passkeys: passkey.New(), Keys: k.Keyring, Tokens: k.Keyring, Audit: k.Log.Sink(), Log: k.Log.Logger(), Now: k.Clock.Now,
	}
	routes := app.FunctionRoutes(config, ports)["AccountFunction"]
	service := k.Service(auth.Rules{RelyingParty: authtest.RelyingParty()})
	grant, err := service.Login(f.Context(),
		auth.Attempt{Identifier: authtest.Grace().Identifier, Password: authtest.Password}, auth.Terms{Contract: "planpoint", AccessLife: 1e12})
	if err != nil {
		f.Fatal(err)
	}
	challenge, _, err := service.PasskeyOptions(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	c, err := k.Sessions(auth.Rules{}).Authenticate(f.Context(), grant.AccessToken)
	if err != nil {
		f.Fatal(err)
	}
	registration, _, err := service.BeginPasskey(f.Context(), c)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		`{"challenge":"` + challenge + `","assertion":{"id":"AA","rawId":"AA","type":"public-key","response":{"userHandle":"AA"}}}`,
		`{"challenge":"` + registration + `","credential":{"id":"AA","rawId":"AA","type":"public-key","response":{"attestationObject":"oA"}}}`,
		"", "{}", "[]", "null", `{"challenge":"a.b","code":"123456"}`, `{"challenge":1}`, `{"challenge":"a.b","remember":[]}`, `{"id":"AAAA","code":"123456"}`, `{"id":"","code":""}`,
		`{"name":"phone"}`, `{"name":"\u0000"}`, `{"name":"` + strings.Repeat("x", 65) + `"}`, "\xff",
	} {
		f.Add([]byte(seed), "phone")
	}
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		for path := range routes {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
				r := httptest.NewRequestWithContext(t.Context(), method, strings.Replace(path, "{id}", "x", 1), bytes.NewReader(body))
				r.SetPathValue("id", id)
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer "+grant.AccessToken)
				if status, answer := answerTo(routes, r); status >= 500 {
					t.Fatalf("%s %s %q is answered by %d %s", method, path, body, status, answer)
				}
			}
		}
	})
}
