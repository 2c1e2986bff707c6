package main

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"latchkey/verify"
)

// TestServePublishes promises that an API can verify serve's tokens with only the issuer's URL, and that it cannot verify those
// of an HS256 ring.
func TestServePublishes(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	token := s.signIn("ada@example.com", secretPassword).body["access_token"].(string)
	v, err := verify.New(s.base, s.base, verify.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := v.Verify(t.Context(), token); err != nil || c.Subject != "u-ada" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration"} {
		if got := s.send("POST", path, ""); got.status != 405 || got.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %+v", path, got)
		}
	}
	symmetric := newLaptop(t)
	symmetric.env["LATCHKEY_ALGORITHM"] = "HS256"
	if got := symmetric.serve().send("GET", "/.well-known/jwks.json", ""); got.status != 200 || len(got.body["keys"].([]any)) != 0 {
		t.Errorf("of an HS256 ring: %+v", got)
	}
}

// TestInvokeAuthorizer promises the authorizer's answer about a real session, and its refusals as Lambda reports them.
func TestInvokeAuthorizer(t *testing.T) {
	for _, algorithm := range []string{"ES256", "HS256"} { // by the public keys, and by the ring
		l := newLaptop(t)
		l.env["LATCHKEY_ALGORITHM"] = algorithm
		l.addAda()
		s := l.serve()
		l.env["LATCHKEY_ISSUER"] = s.base
		signedIn := s.signIn("ada@example.com", secretPassword)
		bearer := "Bearer " + signedIn.body["access_token"].(string)
		event, err := json.Marshal(map[string]any{
			"version": "2.0", "type": "REQUEST", "headers": map[string]string{"authorization": bearer},
			"routeArn": "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod/GET/orders",
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := l.ok(string(event), "invoke", "authorizer", "-"); !strings.HasPrefix(got, `{"isAuthorized":true,"context":{"sub":"u-ada"`) {
			t.Errorf("%s, signed in: %s", algorithm, got)
		}
		s.send("POST", "/api/users/logout", "", "Authorization", bearer)
		if got := l.ok(string(event), "invoke", "authorizer", "-"); got != "{\"isAuthorized\":false}\n" {
			t.Errorf("%s, signed out: %s", algorithm, got)
		}
		rest := `{"type":"TOKEN","methodArn":"arn:aws:execute-api:eu-central-1:123456789012:abc/prod/GET/","authorizationToken":"x"}`
		if got := l.fails(exitFailed, rest, []string{"invoke", "authorizer", "-"}, "Unauthorized"); got.out != "{\"errorMessage\":\"Unauthorized\"}\n" {
			t.Errorf("%s, a REST API: %s", algorithm, got.out)
		}
	}
}
