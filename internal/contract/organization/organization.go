// Package organization is the contract POST /users/login: a failed sign-in is a 200 that says so, and the token of a
// successful one is for the selected account.
package organization

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// Path is where the contract's clients post their credentials.
const Path = "/users/login"

// Contract translates between the contract's HTTP and the domain. Its zero value is ready to use.
type Contract struct{}

// Path returns where the contract's clients post their credentials; the paths of its other calls derive from it.
func (Contract) Path() string { return Path }

// Terms asks for a qualifying account and grants an hour, without a refresh token.
func (Contract) Terms() auth.Terms {
	return auth.Terms{Contract: "organization", AccessLife: time.Hour, QualifyingAccount: true}
}

var (
	errMissing = errors.New("organization: email or password missing")
	errEmail   = errors.New("organization: email is not an e-mail address")
)

// Refusals is the contract's table. All refused sign-ins are a 200 that looks the same.
func (Contract) Refusals() (table []web.Refusal, failed any) {
	unauthorized := failure{Message: "Invalid email or password", ErrorType: "unauthorized"}
	return []web.Refusal{
		{Err: auth.ErrBadCredentials, Status: 200, Body: unauthorized},
		{Err: auth.ErrNotReady, Status: 200, Body: unauthorized},
		{Err: auth.ErrWrongRole, Status: 200, Body: unauthorized},
		{Err: auth.ErrUnknownClient, Status: 200, Body: unauthorized},
		{Err: auth.ErrImpersonation, Status: 200, Body: unauthorized},
		{Err: auth.ErrChallenged, Status: 200, Body: failure{Message: "A second factor is required", ErrorType: "unauthorized"}},
		{Err: auth.ErrMustEnroll, Status: 200, Body: failure{Message: "Set up a second factor first", ErrorType: "unauthorized"}},
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
	}, failure{Message: "Internal server error"}
}

// failure is every body except that of a grant. ErrorType is left out if the contract has no word for the error.
type failure struct {
	IsSuccess bool   `json:"isSuccess"`
	Message   string `json:"errorMessage"`
	ErrorType string `json:"errorType,omitzero"`
}

// Decode reads email and password, and the token of a remembered device.
func (Contract) Decode(r *http.Request, body []byte) (auth.Attempt, error) {
	var given struct {
		Email    *string        `json:"email"`
		Password *string        `json:"password"`
		Device   jsontext.Value `json:"deviceToken"`
	}
	if err := web.DecodeJSON(r, body, &given); err != nil {
		return auth.Attempt{}, err
	}
	if given.Email == nil || given.Password == nil || *given.Email == "" || *given.Password == "" {
		return auth.Attempt{}, errMissing
	}
	email, err := auth.ParseIdentifier(*given.Email)
	if err != nil {
		return auth.Attempt{}, errEmail
	}
	attempt := auth.Attempt{Identifier: email, Password: *given.Password}
	if len(given.Device) > 0 {
		_ = json.Unmarshal(given.Device, &attempt.Device) // anything but a string counts as absent: users without a factor may send it
	}
	return attempt, nil
}

type answer struct {
	IsSuccess   bool      `json:"isSuccess"`
	AccessToken string    `json:"accessToken"`
	Accounts    []account `json:"accounts"`
	UserID      string    `json:"userId"`
	FullName    string    `json:"fullName"`
	DeviceToken string    `json:"deviceToken,omitzero"`
}

// account always has all eight members (organization 200).
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

// WriteGrant answers with the access token and all of the user's accounts.
func (Contract) WriteGrant(w http.ResponseWriter, _ *http.Request, g auth.Grant) error {
	accounts := make([]account, len(g.Accounts))
	for i, a := range g.Accounts {
		accounts[i] = account{
			ID: a.ID, UserID: g.User.ID, OrganizationID: a.OrganizationID, UserType: a.UserType,
			OrganizationName: a.OrganizationName, IsSelected: a.IsSelected, GroupID: a.GroupID,
			CustomSubdomain: a.CustomSubdomain,
		}
	}
	return web.WriteJSON(w, http.StatusOK, answer{
		IsSuccess: true, AccessToken: g.AccessToken, Accounts: accounts, UserID: g.User.ID, FullName: g.User.Name(),
		DeviceToken: g.DeviceToken,
	})
}
