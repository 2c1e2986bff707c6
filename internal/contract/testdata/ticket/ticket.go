// Package ticket is the contract POST /v2/tickets: a token and a refresh token in the body, without cookies.
package ticket

import (
	"errors"
	"net/http"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// Contract translates between the contract's HTTP and the domain.
type Contract struct{}

// Path is where the contract's clients post their credentials.
func (Contract) Path() string { return "/v2/tickets" }

// Terms grants a quarter of an hour and a refresh token.
func (Contract) Terms() auth.Terms {
	return auth.Terms{Contract: "ticket", AccessLife: 15 * time.Minute, Refreshable: true}
}

var errIncomplete = errors.New("ticket: login or secret missing")

// Decode reads login and secret.
func (Contract) Decode(r *http.Request, body []byte) (auth.Attempt, error) {
	var given struct {
		Login  *string `json:"login"`
		Secret *string `json:"secret"`
	}
	if err := web.DecodeJSON(r, body, &given); err != nil {
		return auth.Attempt{}, err
	}
	if given.Login == nil || given.Secret == nil || *given.Secret == "" {
		return auth.Attempt{}, errIncomplete
	}
	login, err := auth.ParseIdentifier(*given.Login)
	if err != nil {
		return auth.Attempt{}, errIncomplete
	}
	return auth.Attempt{Identifier: login, Password: *given.Secret}, nil
}

// WriteGrant answers with the tokens.
func (Contract) WriteGrant(w http.ResponseWriter, _ *http.Request, g auth.Grant) error {
	return web.WriteJSON(w, http.StatusCreated, struct {
		Ticket       string `json:"ticket"`
		RefreshToken string `json:"refreshToken,omitzero"`
		ExpiresIn    int64  `json:"expiresIn"`
	}{g.AccessToken, g.RefreshToken, int64(g.AccessLife / time.Second)})
}

type problem struct {
	Error string `json:"error"`
}

// Refusals is the contract's table.
func (Contract) Refusals() (table []web.Refusal, failure any) {
	denied := problem{"denied"}
	return []web.Refusal{
		{Err: auth.ErrBadCredentials, Status: 422, Body: denied},
		{Err: auth.ErrNotReady, Status: 422, Body: denied},
		{Err: auth.ErrWrongRole, Status: 422, Body: denied},
		{Err: auth.ErrUnknownClient, Status: 422, Body: denied},
		{Err: auth.ErrImpersonation, Status: 403, Body: problem{"not allowed"}},
		{Err: auth.ErrThrottled, Status: 429, Body: problem{"too many failed attempts"}},
		{Err: auth.ErrChallenged, Status: 422, Body: problem{"a second factor is required"}},
		{Err: auth.ErrMustEnroll, Status: 422, Body: problem{"a second factor has to be set up"}},
		{Err: errIncomplete, Status: 400, Body: problem{"login must be an e-mail address, and secret is required"}},
		{Err: web.ErrBody, Status: 400, Body: problem{"the body must be a JSON object with login and secret"}},
		{Err: web.ErrCrossSite, Status: 403, Body: problem{"not allowed from this site"}},
		{Err: web.ErrMethod, Status: 405, Body: problem{"POST only"}},
	}, problem{"internal error"}
}
