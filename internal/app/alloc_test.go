//go:build !race

// The race detector makes allocations of its own.
package app_test

import (
	"strings"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/authtest"
)

// TestAllocations promises that a sign-in without a second factor, and without its hash, makes at most 5 % more allocations than before
// there were second factors, including the store's.
func TestAllocations(t *testing.T) {
	before := map[string]float64{"/api/users/login": 365, "/users/login": 346} // measured by this test at commit 245ed61
	k := authtest.NewKit(t, authtest.Ada(), authtest.Grace())
	config, err := app.ConfigFrom(settings{}.get)
	check(t, err)
	handler := app.LoginHandler(config, app.Ports{
		Store: k.Store, Passwords: k.Hasher, Keys: k.Keyring, Log: k.Log.Logger(), Serial: true,
	})
	hash := testing.AllocsPerRun(100, func() { k.Hasher.Verify(t.Context(), authtest.Ada().PasswordHash, authtest.Password) })
	for _, c := range contracts(t, nil) {
		path := c.Path()
		signIn := capacityCase{path: path, user: "grace", password: authtest.Password, source: home}
		whole := testing.AllocsPerRun(100, func() {
			if answer := signIn.send(t, handler); !strings.Contains(answer.Body.String(), "oken") {
				t.Fatalf("%s: %s", path, answer.Body)
			}
		})
		t.Logf("%s: %.0f allocations without the hash, %.0f before there were second factors", path, whole-hash, before[path])
		if limit := before[path] * 1.05; whole-hash > limit {
			t.Errorf("%s: %.0f allocations without the hash, at most %.0f are promised", path, whole-hash, limit)
		}
	}
}
