// Package planpoint is the contract POST /api/users/login: one flat answer with the user's profile, and the session in
// two cookies.
package planpoint

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// Path is where the contract's clients post their credentials.
const Path = "/api/users/login"

// AccessLife is how long access tokens and their cookie are valid, except those of integrations and impersonations.
const AccessLife = 24 * time.Hour

// Config is what a deployment decides about this contract: its cookies, and which sign-ins it accepts beyond the plain
// one.
type Config struct {
	Cookies               Cookies
	RequireAPIKey         bool
	AllowQueryCredentials bool
}

// Contract translates between the contract's HTTP and the domain; make one with New.
type Contract struct{ config Config }

// New returns the contract with the deployment's choices; it reads nothing and keeps no state.
func New(config Config) Contract { return Contract{config} }

// Path returns where the contract's clients post their credentials; the paths of its other calls derive from it.
func (Contract) Path() string { return Path }

// Terms grants a day and a refresh token, or ninety days without one to integrations.
func (c Contract) Terms() auth.Terms {
	return auth.Terms{
		Contract:        "planpoint",
		AccessLife:      AccessLife,
		IntegrationLife: 90 * 24 * time.Hour,
		Refreshable:     true,
		RequireAPIKey:   c.config.RequireAPIKey,
	}
}

type message struct {
	Message string `json:"message"`
}

var (
	errQueryOff         = errors.New("planpoint: credentials in the query, which is turned off")
	errQueryBody        = errors.New("planpoint: credentials both in the query and in a body")
	errQueryImpersonate = errors.New("planpoint: impersonate in the query")
	errMissing          = errors.New("planpoint: username or password missing")
	errUsername         = errors.New("planpoint: username is not an e-mail address")
	errImpersonate      = errors.New("planpoint: impersonate is not an e-mail address")
)

// Refusals is the contract's table. Every refusal that concerns the password, the user or the API key looks the same.
func (Contract) Refusals() (table []web.Refusal, failure any) {
	denied := message{"Invalid username or password"}
	return []web.Refusal{
		{Err: errQueryOff, Status: 400, Body: message{"Credentials in the query string are turned off; send them in a JSON body"}},
		{Err: errQueryBody, Status: 400, Body: message{"Send the credentials in the body or in the query string, not in both"}},
		{Err: errQueryImpersonate, Status: 400, Body: message{"Send impersonate in a JSON body, not in the query string"}},
		{Err: errMissing, Status: 400, Body: message{"username and password are required"}},
		{Err: errUsername, Status: 400, Body: message{"username must be an e-mail address"}},
		{Err: errImpersonate, Status: 400, Body: message{"impersonate must be an e-mail address"}},
		{Err: web.ErrMember, Status: 400, Body: message{"username, password and impersonate must be strings"}},
		{Err: web.ErrBody, Status: 400, Body: message{"The body must be one JSON object of type application/json"}},
		{Err: auth.ErrBadCredentials, Status: 401, Body: denied},
		{Err: auth.ErrNotReady, Status: 401, Body: denied},
		{Err: auth.ErrWrongRole, Status: 401, Body: denied},
		{Err: auth.ErrThrottled, Status: 401, Body: message{"Too many failed attempts; try again later"}},
		{Err: auth.ErrUnknownClient, Status: 401, Body: denied},
		{Err: auth.ErrChallenged, Status: 401, Body: message{"A second factor is required"}},
		{Err: auth.ErrMustEnroll, Status: 401, Body: message{"Set up a second factor first"}},
		{Err: auth.ErrImpersonation, Status: 403, Body: message{"Not allowed"}},
		{Err: web.ErrCrossSite, Status: 403, Body: message{"Not allowed from this site"}},
		{Err: web.ErrMethod, Status: 405, Body: message{"Method not allowed"}},
	}, message{"Internal server error"}
}

// WriteGrant answers with the user's profile and token, and sets the cookies.
func (c Contract) WriteGrant(w http.ResponseWriter, r *http.Request, g auth.Grant) error {
	c.config.Cookies.Set(w, r, g)
	return web.WriteJSON(w, http.StatusOK, newAnswer(g))
}

// credentials is the request body; nil is a member that is absent or null.
type credentials struct {
	Username    *string `json:"username"`
	Password    *string `json:"password"`
	Impersonate *string `json:"impersonate"`
}

// Decode reads the credentials, the API key in Authorization, and the cookie of a remembered device.
func (c Contract) Decode(r *http.Request, body []byte) (auth.Attempt, error) {
	given, err := c.credentials(r, body)
	if err != nil {
		return auth.Attempt{}, err
	}
	if given.Username == nil || given.Password == nil || *given.Username == "" || *given.Password == "" {
		return auth.Attempt{}, errMissing
	}
	a := auth.Attempt{
		Password: *given.Password, APIKey: auth.ParseAPIKey(r.Header.Get("Authorization")), Device: c.config.Cookies.DeviceToken(r),
	}
	if a.Identifier, err = auth.ParseIdentifier(*given.Username); err != nil {
		return auth.Attempt{}, errUsername
	}
	if given.Impersonate == nil {
		return a, nil
	}
	if a.Impersonate, err = auth.ParseIdentifier(*given.Impersonate); err != nil {
		return auth.Attempt{}, errImpersonate
	}
	return a, nil
}

// credentials takes them from the body, or from the query where that is turned on and there is no body.
func (c Contract) credentials(r *http.Request, body []byte) (given credentials, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if query.Has("impersonate") { // ignoring it would sign the caller in as themselves
		return given, errQueryImpersonate
	}
	if !query.Has("username") && !query.Has("password") {
		if len(body) == 0 {
			return given, errMissing
		}
		return given, web.DecodeJSON(r, body, &given)
	}
	switch {
	case !c.config.AllowQueryCredentials:
		return given, errQueryOff
	case len(body) > 0:
		return given, errQueryBody
	case err != nil || len(query["username"]) != 1 || len(query["password"]) != 1:
		return given, errMissing
	}
	return credentials{Username: &query["username"][0], Password: &query["password"][0]}, nil
}
