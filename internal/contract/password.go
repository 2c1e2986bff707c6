package contract

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// PasswordContract is a contract whose users can change and reset their passwords.
type PasswordContract interface {
	Contract
	// PasswordDone is the body after a change, with the access token of the new session, and after a reset, without one.
	PasswordDone(accessToken string) any
	// DecodeName reads from the body who forgot their password.
	DecodeName(r *http.Request, body []byte) (auth.Identifier, error)
	// ResetAsked is the body of the answer to them, the same for every name.
	ResetAsked() any
	// PasswordRefusals come before the contract's own: what has another answer here, or cannot happen at a sign-in.
	PasswordRefusals() []web.Refusal
}

// PasswordPath is where the contract's clients change passwords: the login's path with another last part.
func PasswordPath(c Contract) string {
	path := c.Path()
	return path[:strings.LastIndexByte(path, '/')+1] + "password"
}

// PasswordRoutes returns the contract's calls about passwords by their paths; none if it has no words for them.
func PasswordRoutes(c Contract, config Config) web.Routes {
	words, ok := c.(PasswordContract)
	if !ok {
		return nil
	}
	p := passwords{words, config}
	routes := web.Routes{PasswordPath(c): p.endpoint(p.change)}
	if config.Resets {
		routes[PasswordPath(c)+"/reset"] = p.endpoint(p.askReset)
		routes[PasswordPath(c)+"/reset/confirm"] = p.endpoint(p.reset)
	}
	return routes
}

// passwords are the calls about passwords in the words of one contract.
type passwords struct {
	contract PasswordContract
	config   Config
}

func (p passwords) endpoint(handle web.Handler) http.Handler {
	table, failure := p.contract.Refusals()
	return p.config.endpointWith(slices.Concat(p.contract.PasswordRefusals(), table), failure, handle)
}

// proof is what every one of these calls may have of a second factor.
type proof struct {
	Code      string         `json:"code"`
	Challenge string         `json:"challenge"`
	Assertion jsontext.Value `json:"assertion"`
}

// factor returns the proof; an empty code does not hide an assertion.
func (p proof) factor() auth.FactorProof {
	f := auth.FactorProof{Code: p.Code, Challenge: p.Challenge}
	if p.Code == "" && string(p.Assertion) != "null" {
		f.Assertion = p.Assertion
	}
	return f
}

func (p passwords) change(w http.ResponseWriter, r *http.Request) error {
	caller, err := p.config.Caller(r)
	if err != nil {
		return err
	}
	var given struct {
		Current string `json:"currentPassword"`
		New     string `json:"newPassword"`
		proof   `json:",inline"`
	}
	if err := web.ReadJSON(w, r, &given); err != nil {
		return err
	}
	grant, err := p.config.Service.ChangePassword(r.Context(), caller, auth.PasswordChange{
		Current: given.Current, New: given.New, Proof: given.factor(), Source: auth.ParseSource(r.RemoteAddr),
	}, p.contract.Terms())
	if err != nil {
		return withChallenge(err)
	}
	session := &heldBody{ResponseWriter: w} // for the headers, such as cookies
	if err := p.contract.WriteGrant(session, r, grant); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, p.contract.PasswordDone(grant.AccessToken))
}

// askReset and reset look at no session: a user who forgot the password has none.
func (p passwords) askReset(w http.ResponseWriter, r *http.Request) error {
	body, err := web.ReadBody(w, r)
	if err != nil {
		return err
	}
	name, err := p.contract.DecodeName(r, body)
	if err != nil {
		return err
	}
	if err := p.config.Service.RequestReset(r.Context(), name, auth.ParseSource(r.RemoteAddr), p.contract.Terms().Contract); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, p.contract.ResetAsked())
}

func (p passwords) reset(w http.ResponseWriter, r *http.Request) error {
	var given struct {
		Token string `json:"token"`
		New   string `json:"newPassword"`
		proof `json:",inline"`
	}
	if err := web.ReadJSON(w, r, &given); err != nil {
		return err
	}
	err := p.config.Service.ResetPassword(r.Context(), auth.PasswordReset{
		Token: given.Token, New: given.New, Proof: given.factor(), Source: auth.ParseSource(r.RemoteAddr),
	}, p.contract.Terms().Contract)
	if err != nil {
		return withChallenge(err)
	}
	return web.WriteJSON(w, http.StatusOK, p.contract.PasswordDone(""))
}
