package app_test

import (
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/authtest"
	"latchkey/internal/contract"
)

// TestContracts promises of every contract what the suite asks of each.
func TestContracts(t *testing.T) {
	forContracts(t, nil, func(t *testing.T, c contract.Contract) { authtest.RunContract(t, c, authtest.Credentials) })
}

// TestConstantWork promises that refused sign-ins make the same calls and get the same answer with as many decoys as the
// settings accept.
func TestConstantWork(t *testing.T) {
	config, err := app.ConfigFrom(settings{"DECOYS": manyDecoys(app.MaxDecoys)}.get)
	check(t, err)
	forContracts(t, nil, func(t *testing.T, c contract.Contract) {
		authtest.RunConstantWork(t, c, authtest.Credentials, config.Decoys)
	})
}
