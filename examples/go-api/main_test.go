package main

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/contract/discovery"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
	"latchkey/verify"
)

// TestAPI promises what the example shows: 401 without a valid token, 403 without the role, and 401 again to an editor who has to
// prove a second factor; each user sees only their own orders.
func TestAPI(t *testing.T) {
	ring, err := keyring.New(jwk.ES256, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := ring.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	login := httptest.NewUnstartedServer(nil)
	issuer := "http://" + login.Listener.Addr().String()
	login.Config.Handler = discovery.Routes(discovery.Config{Issuer: issuer, Log: slog.Default()}, fixed(jwks))
	login.Start()
	defer login.Close()
	v, err := verify.New(issuer, issuer, verify.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	document, err := ring.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	as := func(user, role string, amr ...string) string {
		raw, _, err := token.NewKeyring(fixed(document), keyring.Parse, token.Config{Issuer: issuer, Audience: issuer}).Sign(t.Context(), auth.Claims{
			ID: "jti", Subject: user, SessionID: "sid", Roles: []string{role}, AMR: amr, AuthTime: time.Now(),
			IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + raw
	}
	const page = "http://localhost:5173"
	handler := allowPages(page, api(v))
	today := time.Now().UTC().Format(time.DateOnly)
	for _, test := range []struct {
		method, path, authorization, body string
		status                            int
		want                              string
	}{
		{"GET", "/orders", as("ada", "reader"), "", 200, `{"orders":[],"roles":["reader"],"user":"ada"}` + "\n"},
		{"POST", "/orders", as("ada", "reader"), `{"item":"rope"}`, 403, "not allowed\n"},
		{"POST", "/orders", as("ada", "editor"), `{"item":"rope"}`, 200, `{"id":"1","item":"rope","at":"` + today + `"}` + "\n"},
		{"POST", "/orders", as("ada", "editor"), `{}`, 400, `send {"item": "…"}` + "\n"},
		{"GET", "/orders", as("ada", "editor"), "", 200, `{"orders":[{"id":"1","item":"rope","at":"` + today + `"}],"roles":["editor"],"user":"ada"}` + "\n"},
		{"GET", "/orders", as("grace", "editor"), "", 200, `{"orders":[],"roles":["editor"],"user":"grace"}` + "\n"},
		{"DELETE", "/orders/1", as("ada", "editor", "pwd"), "", 401, `{"message":"Sign in again to do this"}`},
		{"DELETE", "/orders/1", as("grace", "editor", "pwd", "mfa"), "", 404, "you have no such order\n"},
		{"DELETE", "/orders/1", as("ada", "editor", "pwd", "mfa"), "", 200, "{}\n"},
		{"GET", "/orders", "Bearer x", "", 401, `{"message":"Not signed in"}`},
	} {
		r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
		r.Header.Set("Authorization", test.authorization)
		r.Header.Set("Origin", page)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		body, _ := io.ReadAll(rec.Result().Body)
		if rec.Code != test.status || string(body) != test.want {
			t.Errorf("%s: %d %s; want %d %s", test.method, rec.Code, body, test.status, test.want)
		}
		if got := rec.Header().Get("Access-Control-Allow-Origin"); got != page {
			t.Errorf("%s: pages of %q may read the answer", test.method, got)
		}
	}
}

// fixed is a token.Source that never changes.
type fixed []byte

func (f fixed) Get(context.Context) ([]byte, error)     { return f, nil }
func (f fixed) Refresh(context.Context) ([]byte, error) { return f, nil }
