package app

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/awscall"
	"latchkey/internal/contract"
	"latchkey/internal/contract/account"
	"latchkey/internal/contract/organization"
	"latchkey/internal/contract/planpoint"
	"latchkey/internal/mail/queue"
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

// TokenLives says for how long the access tokens of each contract are valid, shortest first, such as "1 hour (/users/login)".
func TokenLives() string {
	var lives []tokenLife
	for _, c := range allContracts(Config{Issuer: &url.URL{}}) {
		lives = append(lives, tokenLife{c.Terms().AccessLife, c.Path()})
		if life := c.Terms().IntegrationLife; life > 0 {
			lives = append(lives, tokenLife{life, "integrations at " + c.Path()})
		}
	}
	slices.SortFunc(lives, func(a, b tokenLife) int { return cmp.Compare(a.life, b.life) })
	var words []string
	for _, l := range lives {
		words = append(words, l.String())
	}
	return strings.Join(words, ", ")
}

// tokenLife is how long access tokens are valid, and which.
type tokenLife struct {
	life time.Duration
	of   string
}

// String counts in days from two of them on, and otherwise in hours or minutes, whichever is whole.
func (t tokenLife) String() string {
	const day = 24 * time.Hour
	number, unit := t.life/time.Minute, "minute"
	switch {
	case t.life >= 2*day && t.life%day == 0:
		number, unit = t.life/day, "day"
	case t.life%time.Hour == 0:
		number, unit = t.life/time.Hour, "hour"
	}
	if number != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s (%s)", number, unit, t.of)
}

// functionRoutes are the routes of each deployed function, by its name in the template.
func functionRoutes(c Config, p Ports, notices *web.Notices) map[string]web.Routes {
	return map[string]web.Routes{
		"LoginFunction": loginRoutes(c, p, notices), "SessionFunction": sessionRoutes(c, p, notices),
		"AccountFunction": accountRoutes(c, p, notices), "KeysFunction": keysRoutes(c, p),
	}
}

// Paths returns the path of every endpoint of the functions that the settings turn on, sorted; {id} stands for one segment.
func Paths(c Config) []string {
	var p Ports
	if c.Mail.Kind != "" {
		p.Outbox = queue.NewOutbox(awscall.Caller{}, c.Mail.Name) // routes that send exist only with one; listing them sends nothing
	}
	var paths []string
	for _, routes := range functionRoutes(c, p, nil) {
		paths = slices.AppendSeq(paths, maps.Keys(routes))
	}
	slices.Sort(paths)
	return paths
}

// loginRoutes are the sign-ins of the contracts that are on.
func loginRoutes(c Config, p Ports, notices *web.Notices) web.Routes {
	return contractRoutes(c, contractConfig(c, p, notices, auth.NewSessions(domain(c, p))), contract.LoginRoutes)
}

// accountRoutes are the second calls of the contracts that are on, and what users do about their own factors and passwords.
func accountRoutes(c Config, p Ports, notices *web.Notices) web.Routes {
	sessions := auth.NewSessions(domain(c, p))
	config := contractConfig(c, p, notices, sessions)
	routes := contractRoutes(c, config, contract.FactorRoutes, contract.PasswordRoutes)
	maps.Copy(routes, account.Routes(account.Config{
		Service: config.Service, Sessions: sessions, Contracts: Contracts(c),
		Cookies: cookies(c), Name: c.Name(),
		Origins: c.AllowedOrigins, Notices: notices, Log: p.Log,
	}))
	return routes
}

func contractConfig(c Config, p Ports, notices *web.Notices, sessions *auth.Sessions) contract.Config {
	cookies := cookies(c)
	return contract.Config{
		Service: auth.NewService(domain(c, p)),
		Caller:  func(r *http.Request) (auth.Caller, error) { return cookies.Caller(r, sessions) },
		Resets:  c.ResetURL != nil && p.Outbox != nil,
		Origins: c.AllowedOrigins, Notices: notices, Log: p.Log,
	}
}

// contractRoutes are the routes of each kind for each contract that is on.
func contractRoutes(c Config, config contract.Config, kinds ...func(contract.Contract, contract.Config) web.Routes) web.Routes {
	routes := web.Routes{}
	for _, x := range Contracts(c) {
		for _, of := range kinds {
			maps.Copy(routes, of(x, config))
		}
	}
	return routes
}
