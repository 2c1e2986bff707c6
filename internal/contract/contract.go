// Package contract makes the HTTP endpoints of a wire format from what its package gives: how it reads a sign-in, how it
// writes a grant, and how it words a refusal.
package contract

import (
	"log/slog"
	"net/http"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// Contract is a wire format that existing clients speak. It translates; auth decides who may sign in.
type Contract interface {
	// Path is where its clients post their credentials; the paths of its other endpoints are derived from it.
	Path() string
	// Terms is what a sign-in asks and grants beyond a right password; its name appears in sessions and in the audit.
	Terms() auth.Terms
	// Decode reads the credentials from the request, whose whole body it gets, and the token of a remembered
	// device where the contract keeps one. The caller adds the source and what concerns the second factor.
	Decode(r *http.Request, body []byte) (auth.Attempt, error)
	// WriteGrant answers a sign-in that succeeded.
	WriteGrant(w http.ResponseWriter, r *http.Request, g auth.Grant) error
	// Refusals is the table from errors to answers, and the constant body of the 500 for errors that are not in it.
	Refusals() (table []web.Refusal, failure any)
}

// Config is what the endpoints of every contract need: the domain, whose session a request has, and the deployment's
// settings.
type Config struct {
	Service *auth.Service
	Caller  func(*http.Request) (auth.Caller, error) // whose session the request has; only password routes ask
	Resets  bool                                     // users may reset their passwords by mail
	Origins web.Origins
	Notices *web.Notices // may be nil
	Log     *slog.Logger
}

// LoginRoutes returns the contract's sign-in by its path. FactorRoutes and PasswordRoutes return the others, for
// another function.
func LoginRoutes(c Contract, config Config) web.Routes {
	return web.Routes{c.Path(): config.endpoint(c, login(c, config.Service))}
}

// FactorRoutes returns the contract's second calls and its sign-in with a passkey by their paths.
func FactorRoutes(c Contract, config Config) web.Routes {
	return web.Routes{
		FactorPath(c):  config.endpoint(c, loginFactor(c, config.Service)),
		PasskeyPath(c): config.endpoint(c, loginPasskey(c, config.Service)),
	}
}

// endpoint answers as the contract's table says.
func (config Config) endpoint(c Contract, handle web.Handler) http.Handler {
	table, failure := c.Refusals()
	return config.endpointWith(table, failure, handle)
}

func (config Config) endpointWith(table []web.Refusal, failure any, handle web.Handler) http.Handler {
	return web.Endpoint{
		Handle: handle, Method: http.MethodPost, Refusals: append(table, PasskeysOff()), Failure: failure,
		Origins: config.Origins, Notices: config.Notices, Log: config.Log,
	}
}

func login(c Contract, service *auth.Service) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := web.ReadBody(w, r)
		if err != nil {
			return err
		}
		attempt, err := c.Decode(r, body)
		if err != nil {
			return err
		}
		given := readFactorMembers(body)
		attempt.Source, attempt.Code = auth.ParseSource(r.RemoteAddr), given.code()
		attempt.Remember, attempt.StepUp = isTrue(given.Remember), isTrue(given.StepUp)
		grant, err := service.Login(r.Context(), attempt, c.Terms())
		if err != nil {
			return withChallenge(err)
		}
		return c.WriteGrant(w, r, grant)
	}
}
