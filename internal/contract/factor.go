package contract

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// factorMembers are the members of a sign-in that concern the second factor, the same in every contract. They are read leniently:
// a value of another type than the wanted one counts as absent, because users without a factor may send anything.
type factorMembers struct {
	Code     jsontext.Value `json:"code"`
	Remember jsontext.Value `json:"remember"`
	StepUp   jsontext.Value `json:"stepUp"`
}

// readFactorMembers returns these members of a body that the contract has decoded already.
func readFactorMembers(body []byte) (given factorMembers) {
	if len(body) == 0 || json.Unmarshal(body, &given) != nil {
		return factorMembers{}
	}
	return given
}

// code returns the member code.
func (m factorMembers) code() auth.SentCode {
	if len(m.Code) == 0 {
		return auth.SentCode{}
	}
	sent := auth.SentCode{Sent: true}
	_ = json.Unmarshal(m.Code, &sent.Text) // anything but a string leaves it empty
	return sent
}

// isTrue reports whether a member was sent and is true.
func isTrue(value jsontext.Value) bool { return string(value) == "true" }

// readJSON reads the body of a call that every contract has. The contracts' tables name the members of their own sign-in for ErrMember.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	err := web.ReadJSON(w, r, v)
	if errors.Is(err, web.ErrMember) {
		return fmt.Errorf("%w: a member has the wrong type", web.ErrBody)
	}
	return err
}

// FactorPath is where the second call of the contract's sign-in goes.
func FactorPath(c Contract) string { return c.Path() + "/factor" }

// loginFactor is the second call: {"challenge","code","remember"?}, or with an assertion in place of the code. An empty code does not hide an
// assertion.
func loginFactor(c Contract, service *auth.Service) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var given struct {
			proof    `json:",inline"`
			Remember jsontext.Value `json:"remember"`
		}
		if err := readJSON(w, r, &given); err != nil {
			return err
		}
		grant, err := service.LoginFactor(r.Context(), auth.FactorAttempt{
			FactorProof: given.factor(), Remember: isTrue(given.Remember), APIKey: auth.ParseAPIKey(r.Header.Get("Authorization")), Source: auth.ParseSource(r.RemoteAddr),
		}, c.Terms())
		if err != nil {
			return withChallenge(err)
		}
		return c.WriteGrant(w, r, grant)
	}
}
