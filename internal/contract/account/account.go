// Package account is what signed-in users do about their own second factors: list, add, confirm and remove them; and where a browser asks
// for a passkey to sign in with. Errors have the shape of the planpoint contract, as those of the session endpoints do; tokens of every
// contract are taken.
package account

import (
	"errors"
	"log/slog"
	"net/http"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/contract/planpoint"
	"latchkey/internal/web"
)

// Config is what a deployment decides about these endpoints, and what they are made of.
type Config struct {
	Service   *auth.Service
	Sessions  *auth.Sessions
	Contracts []contract.Contract // whose sign-ins an enrollment finishes
	Cookies   planpoint.Cookies
	Name      string // of the service, as authenticator apps show it
	Origins   web.Origins
	Notices   *web.Notices // may be nil
	Log       *slog.Logger
}

// Routes returns the endpoints by which users manage their own factors, by path: all of /api/users/factors and
// /api/users/passkeys.
func Routes(config Config) web.Routes {
	h := handler{config}
	endpoint := func(method string, handle web.Handler) http.Handler {
		return web.Endpoint{
			Handle: handle, Method: method, Origins: config.Origins, Notices: config.Notices, Log: config.Log,
			Refusals: refusals(), Failure: message{"Internal server error"},
		}
	}
	passkeys := func(handle web.Handler) http.Handler {
		return endpoint(http.MethodPost, contract.WithPasskeys(config.Service, handle))
	}
	return web.Routes{
		"/api/users/factors":                                    endpoint(http.MethodGet, h.list),
		"/api/users/factors/{id}":                               endpoint(http.MethodDelete, h.remove),
		"/api/users/factors/recovery":                           endpoint(http.MethodPost, h.recovery),
		"/api/users/factors/totp":                               endpoint(http.MethodPost, h.beginTOTP),
		"/api/users/factors/totp/confirm":                       endpoint(http.MethodPost, h.confirmTOTP),
		"/api/users/passkeys":                                   passkeys(h.addPasskey),
		"/api/users/passkeys/options":                           passkeys(h.beginPasskey),
		contract.PasskeyPath(planpoint.Contract{}) + "/options": passkeys(h.loginPasskeyOptions),
	}
}

type message struct {
	Message string `json:"message"`
}

// refusals is the table of these endpoints; any other error is a 500.
func refusals() []web.Refusal {
	signedOut := message{"Not signed in"}
	return []web.Refusal{
		{Err: planpoint.ErrCookie, Status: 400, Body: message{"A session cookie was sent twice"}},
		{Err: auth.ErrCode, Status: 400, Body: message{"The code is wrong or was used"}},
		{Err: auth.ErrPasskey, Status: 400, Body: message{"The passkey does not fit the challenge or is of no accepted kind"}},
		{Err: auth.ErrPending, Status: 400, Body: message{"This factor is not waiting to be confirmed; start again"}},
		{Err: auth.ErrFactorName, Status: 400, Body: message{"A name has at most 64 characters, and no control characters"}},
		{Err: web.ErrBody, Status: 400, Body: message{"The body must be one JSON object of type application/json"}},
		{Err: auth.ErrStepUp, Status: 401, Body: message{"Sign in again to change this"}},
		{Err: auth.ErrNoSession, Status: 401, Body: signedOut},
		{Err: auth.ErrBadCredentials, Status: 401, Body: signedOut}, // these four end an enrollment
		{Err: auth.ErrNotReady, Status: 401, Body: signedOut},
		{Err: auth.ErrWrongRole, Status: 401, Body: signedOut},
		{Err: auth.ErrUnknownClient, Status: 401, Body: signedOut},
		{Err: auth.ErrImpersonation, Status: 403, Body: message{"Not allowed for this session"}},
		{Err: auth.ErrLastFactor, Status: 403, Body: message{"Your role needs a second factor; add another before you remove this one"}},
		{Err: web.ErrCrossSite, Status: 403, Body: message{"Not allowed from this site"}},
		{Err: auth.ErrNotFound, Status: 404, Body: message{"Not Found"}},
		contract.PasskeysOff(),
		{Err: web.ErrMethod, Status: 405, Body: message{"Method not allowed"}},
		{Err: auth.ErrConflict, Status: 409, Body: message{"Not possible any more; read your factors again"}},
		{Err: auth.ErrThrottled, Status: 429, Body: message{"Too many wrong codes; try again later"}},
	}
}

type handler struct{ config Config }

// stepUpHeader asks for a fresh sign-in (RFC 9470 section 3).
const stepUpHeader = `Bearer error="insufficient_user_authentication", max_age=300`

// stepUp is auth.ErrStepUp with the header that says how to go on.
type stepUp struct{ error }

// Unwrap makes errors.Is find auth.ErrStepUp.
func (s stepUp) Unwrap() error { return s.error }

// Header is what web adds to the answer.
func (s stepUp) Header() (name, value string) { return "WWW-Authenticate", stepUpHeader }

func withStepUp(err error) error {
	if errors.Is(err, auth.ErrStepUp) {
		return stepUp{err}
	}
	return err
}

// enrollment is the challenge that stands for a session, and the contract that made it; zero for a session.
type enrollment struct{ challenge, contract string }

// caller returns who asks: a session, or an enrollment challenge in its place.
func (h handler) caller(r *http.Request) (c auth.Caller, e enrollment, err error) {
	if bearer, sent := auth.ParseBearer(r.Header.Get("Authorization")); sent && auth.IsChallenge(bearer) {
		e.challenge = bearer
		c, e.contract, err = h.config.Service.Enrolling(r.Context(), bearer, auth.ParseSource(r.RemoteAddr))
		return c, e, err
	}
	c, err = h.session(r)
	return c, enrollment{}, err
}

// session returns the caller of a call that no enrollment challenge may make.
func (h handler) session(r *http.Request) (auth.Caller, error) {
	return h.config.Cookies.Caller(r, h.config.Sessions)
}
