package app_test

import (
	"maps"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract"
	"latchkey/internal/web"
)

// contracts are the wire formats that the settings turn on.
func contracts(t testing.TB, s settings) []contract.Contract {
	t.Helper()
	if s == nil {
		s = settings{}
	}
	config, err := app.ConfigFrom(s.get)
	if err != nil {
		t.Fatal(err)
	}
	return app.Contracts(config)
}

// forContracts runs the test for each wire format.
func forContracts(t *testing.T, s settings, test func(*testing.T, contract.Contract)) {
	t.Helper()
	for _, c := range contracts(t, s) {
		t.Run(c.Terms().Contract, func(t *testing.T) { test(t, c) })
	}
}

func contractPaths(t testing.TB) []string {
	t.Helper()
	var paths []string
	for _, c := range contracts(t, nil) {
		paths = append(paths, c.Path())
	}
	return paths
}

// contractRoutes are the endpoints of every wire format over the kit.
func contractRoutes(t testing.TB, k *authtest.Kit, rules auth.Rules, s settings) web.Routes {
	t.Helper()
	routes := web.Routes{}
	for _, c := range contracts(t, s) {
		maps.Copy(routes, k.Contract(c, rules))
	}
	return routes
}

// TestTokenLives promises that operators read the lives that the contracts grant.
func TestTokenLives(t *testing.T) {
	if got, want := app.TokenLives(), "1 hour (/users/login), 24 hours (/api/users/login), 90 days (integrations at /api/users/login)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
