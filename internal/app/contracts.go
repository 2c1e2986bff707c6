package app

import (
	"maps"
	"net/url"
	"slices"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/contract/organization"
	"latchkey/internal/contract/planpoint"
	"latchkey/internal/web"
)

// allContracts are the wire formats that this binary speaks. A new one is added here.
func allContracts(c Config) []contract.Contract {
	return []contract.Contract{
		planpoint.New(planpoint.Config{
			Cookies: cookies(c), RequireAPIKey: c.RequireAPIKey, AllowQueryCredentials: c.AllowQueryCredentials,
		}),
		organization.Contract{},
	}
}

// Contracts returns the wire formats that the settings turn on, in a fixed order.
func Contracts(c Config) []contract.Contract {
	return slices.DeleteFunc(allContracts(c), func(x contract.Contract) bool {
		return !slices.Contains(c.Contracts, x.Terms().Contract)
	})
}

// ContractNames returns the names that CONTRACTS accepts.
func ContractNames() []string {
	var names []string
	for _, c := range allContracts(Config{Issuer: &url.URL{}}) {
		names = append(names, c.Terms().Contract)
	}
	return names
}

// loginRoutes are the endpoints of the contracts that are on.
func loginRoutes(c Config, p Ports, notices *web.Notices) web.Routes {
	config := contract.Config{
		Service: auth.NewService(domain(c, p)),
		Origins: c.AllowedOrigins, Notices: notices, Log: p.Log,
	}
	routes := web.Routes{}
	for _, x := range Contracts(c) {
		maps.Copy(routes, contract.Routes(x, config))
	}
	return routes
}
