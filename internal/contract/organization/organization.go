// Package organization is the contract POST /users/login: a failed sign-in is a 200 that says so, and the
// token of a successful one speaks for the selected account. It translates only; auth decides.
package organization

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// Path is where the contract's clients post their credentials.
const Path = "/users/login"

// Config is what a deployment decides about this contract.
type Config struct {
	Origins web.Origins
	Log     *slog.Logger
}

// New returns the endpoint for Path over the service.
func New(config Config, service *auth.Service) http.Handler {
	h := handler{service: service, terms: auth.Terms{
		Contract: "organization", AccessLife: time.Hour, QualifyingAccount: true,
	}}
	return web.Endpoint{
		Handle: h.login, Method: http.MethodPost, Origins: config.Origins, Log: config.Log,
		Refusals: refusals(), Failure: failure{Message: "Internal server error"},
	}
}

// failure is every body but the successful one; ErrorType is left out where the contract has no word.
type failure struct {
	IsSuccess bool   `json:"isSuccess"`
	Message   string `json:"errorMessage"`
	ErrorType string `json:"errorType,omitzero"`
}

var (
	errMissing = errors.New("organization: email or password missing")
	errEmail   = errors.New("organization: email is not an e-mail address")
)

// refusals is the contract's table; whatever is not in it is a 500.
func refusals() []web.Refusal {
	unauthorized := failure{Message: "Invalid email or password", ErrorType: "unauthorized"}
	return []web.Refusal{
		{Err: auth.ErrBadCredentials, Status: 200, Body: unauthorized},
		{Err: auth.ErrNotReady, Status: 200, Body: unauthorized},
		{Err: auth.ErrWrongRole, Status: 200, Body: unauthorized},
		{Err: auth.ErrThrottled, Status: 200, Body: failure{
			Message: "Too many failed attempts; try again later", ErrorType: "unauthorized"}},
		{Err: errMissing, Status: 400, Body: failure{
			Message: "email and password are required", ErrorType: "missingRequiredFields"}},
		{Err: errEmail, Status: 400, Body: failure{
			Message: "email must be an e-mail address", ErrorType: "invalidRequestFormat"}},
		{Err: web.ErrMember, Status: 400, Body: failure{
			Message: "email and password must be strings", ErrorType: "invalidRequestFormat"}},
		{Err: web.ErrBody, Status: 400, Body: failure{
			Message: "The body must be one JSON object of type application/json", ErrorType: "invalidRequestFormat"}},
		{Err: web.ErrCrossSite, Status: 403, Body: failure{Message: "Not allowed from this site"}},
		{Err: web.ErrMethod, Status: 405, Body: failure{Message: "Method not allowed"}},
	}
}

type handler struct {
	service *auth.Service
	terms   auth.Terms
}

func (h handler) login(w http.ResponseWriter, r *http.Request) error {
	attempt, err := decode(w, r)
	if err != nil {
		return err
	}
	grant, err := h.service.Login(r.Context(), attempt, h.terms)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, newAnswer(grant))
}

func decode(w http.ResponseWriter, r *http.Request) (auth.Attempt, error) {
	var given struct {
		Email    *string `json:"email"`
		Password *string `json:"password"`
	}
	body, err := web.ReadBody(w, r)
	if err != nil {
		return auth.Attempt{}, err
	}
	if err := web.DecodeJSON(r, body, &given); err != nil {
		return auth.Attempt{}, err
	}
	if given.Email == nil || given.Password == nil || *given.Email == "" || *given.Password == "" {
		return auth.Attempt{}, errMissing
	}
	a := auth.Attempt{Password: *given.Password, Source: auth.ParseSource(r.RemoteAddr)}
	if a.Identifier, err = auth.ParseIdentifier(*given.Email); err != nil {
		return auth.Attempt{}, errEmail
	}
	return a, nil
}

type answer struct {
	IsSuccess   bool      `json:"isSuccess"`
	AccessToken string    `json:"accessToken"`
	Accounts    []account `json:"accounts"`
	UserID      string    `json:"userId"`
	FullName    string    `json:"fullName"`
}

// account has all eight members always (organization 200).
type account struct {
	ID               string `json:"id"`
	UserID           string `json:"userId"`
	OrganizationID   string `json:"organizationId"`
	UserType         string `json:"userType"`
	OrganizationName string `json:"organizationName"`
	IsSelected       bool   `json:"isSelected"`
	GroupID          string `json:"groupId"`
	CustomSubdomain  string `json:"customSubdomain"`
}

func newAnswer(g auth.Grant) answer {
	accounts := make([]account, len(g.Accounts))
	for i, a := range g.Accounts {
		accounts[i] = account{
			ID: a.ID, UserID: g.User.ID, OrganizationID: a.OrganizationID, UserType: a.UserType,
			OrganizationName: a.OrganizationName, IsSelected: a.IsSelected, GroupID: a.GroupID,
			CustomSubdomain: a.CustomSubdomain,
		}
	}
	return answer{IsSuccess: true, AccessToken: g.AccessToken, Accounts: accounts, UserID: g.User.ID, FullName: g.User.Name()}
}
