package main

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/contract/discovery"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
	"latchkey/verify"
)

// TestAPI promises what the example shows: 401 without a valid token, 403 without the role.
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
	as := func(role string) string {
		raw, _, err := token.NewKeyring(fixed(document), keyring.Parse, token.Config{Issuer: issuer, Audience: issuer}).Sign(t.Context(), auth.Claims{
			ID: "jti", Subject: "ada", SessionID: "sid", Roles: []string{role}, IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + raw
	}
	for _, test := range []struct {
		method, authorization string
		status                int
		body                  string
	}{
		{"GET", as("reader"), 200, `{"orders":[],"roles":["reader"],"user":"ada"}` + "\n"},
		{"POST", as("editor"), 200, `{"orders":[],"roles":["editor"],"user":"ada"}` + "\n"},
		{"POST", as("reader"), 403, "not allowed\n"},
		{"GET", "Bearer x", 401, `{"message":"Not signed in"}`},
	} {
		r := httptest.NewRequest(test.method, "/orders", nil)
		r.Header.Set("Authorization", test.authorization)
		rec := httptest.NewRecorder()
		api(v).ServeHTTP(rec, r)
		body, _ := io.ReadAll(rec.Result().Body)
		if rec.Code != test.status || string(body) != test.body {
			t.Errorf("%s: %d %s; want %d %s", test.method, rec.Code, body, test.status, test.body)
		}
	}
}

// fixed is a token.Source that never changes.
type fixed []byte

func (f fixed) Get(context.Context) ([]byte, error)     { return f, nil }
func (f fixed) Refresh(context.Context) ([]byte, error) { return f, nil }
