package app_test

import (
	"strings"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/authtest"
)

// TestAllocations promises that a sign-in makes at most 600 allocations without its hash, including the store's.
func TestAllocations(t *testing.T) {
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
		t.Logf("%s: %.0f allocations, %.0f of them for the hash", path, whole, hash)
		if whole-hash > 600 {
			t.Errorf("%s: %.0f allocations beside the hash, at most 600 are promised", path, whole-hash)
		}
	}
}
