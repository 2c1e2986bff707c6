package contract

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// factorMembers are the members of a sign-in that concern the second factor, the same in every contract. They are read leniently:
// a value of another type than a string counts as absent, because users without a factor may send anything.
type factorMembers struct {
	Code jsontext.Value `json:"code"`
}

// sentCode returns the member code of a body that the contract has decoded already.
func sentCode(body []byte) auth.SentCode {
	var given factorMembers
	if len(body) == 0 || json.Unmarshal(body, &given) != nil || len(given.Code) == 0 {
		return auth.SentCode{}
	}
	sent := auth.SentCode{Sent: true}
	_ = json.Unmarshal(given.Code, &sent.Text) // anything but a string leaves it empty
	return sent
}

// FactorPath is where the second call of the contract's sign-in goes.
func FactorPath(c Contract) string { return c.Path() + "/factor" }

// loginFactor is the second call: {"challenge","code"}.
func loginFactor(c Contract, service *auth.Service) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var given struct {
			Challenge string `json:"challenge"`
			Code      string `json:"code"`
		}
		if err := web.ReadJSON(w, r, &given); err != nil {
			return err
		}
		grant, err := service.LoginFactor(r.Context(), auth.FactorAttempt{
			Challenge: given.Challenge, Code: given.Code, APIKey: auth.ParseAPIKey(r.Header.Get("Authorization")), Source: auth.ParseSource(r.RemoteAddr),
		}, c.Terms())
		if err != nil {
			return withChallenge(err)
		}
		return c.WriteGrant(w, r, grant)
	}
}
