package authtest

import (
	"encoding/json"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/web"
)

// Contract returns the contract's endpoints over a service of the kit, for pages of the origins.
func (k *Kit) Contract(c contract.Contract, rules auth.Rules, origins ...string) web.Routes {
	return contract.Routes(c, contract.Config{Service: k.Service(rules), Origins: origins, Log: k.Log.Logger()})
}

// Credentials returns the body of a sign-in under every name that a contract has for the address; each ignores the others.
func Credentials(t testing.TB, email, password string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"username": email, "email": email, "password": password})
	check(t, err)
	return string(body)
}
