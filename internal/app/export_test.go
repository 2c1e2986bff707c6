package app

import (
	"net/url"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/web"
)

// AllContracts are the wired contracts, whether the settings turn them on or not.
func AllContracts() []contract.Contract { return allContracts(Config{Issuer: &url.URL{}}) }

// FunctionRoutes are the routes of each deployed function, by its name in the template.
func FunctionRoutes(c Config, p Ports) map[string]web.Routes { return functionRoutes(c, p, nil) }

// RelyingParty is the one that passkeys are made for.
func RelyingParty(c Config) auth.RelyingParty { return c.relyingParty() }
