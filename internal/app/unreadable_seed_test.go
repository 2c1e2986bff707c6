package app_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract"
	"latchkey/internal/factor"
)

// TestUnreadableSeedAnswers promises that a seed which cannot be opened is a 500 at every call that checks a code, by every contract, and
// never a refusal or a token; a passkey still signs in.
func TestUnreadableSeedAnswers(t *testing.T) {
	g := newGateTest(t)
	g.kit.Clock.Advance(factor.Period)
	u, err := g.kit.Store.UserByID(t.Context(), "ada")
	check(t, err)
	u.Factors.TOTP[0].Sealed[20] ^= 1
	check(t, g.kit.Store.SetFactors(t.Context(), "ada", u.Version, u.Factors, nil))
	_, token, err := g.kit.Service(auth.Rules{}).MailToken(t.Context(), "ada", auth.MessageReset, false)
	check(t, err)
	withCode := proof{name: "a code", body: g.credentials("ada", `,"code":"`+g.code()+`","token":"`+token+`"`)}
	withCode.body = strings.Replace(withCode.body, `"newPassword":"`+authtest.Password, `"newPassword":"a walrus in the attic`, 1)
	for i, c := range app.AllContracts() {
		second := withCode
		second.body = strings.Replace(withCode.body, "{", `{"challenge":"`+g.challenge(t, c.Path(), "ada")+`",`, 1)
		change := withCode
		change.bearer = g.early[i]
		for path, p := range map[string]proof{
			c.Path(): withCode, contract.FactorPath(c): second, contract.PasswordPath(c): change, contract.PasswordPath(c) + "/reset/confirm": withCode,
		} {
			answer := g.send(t, path, p)
			if body := answer.Body.String(); answer.Code != http.StatusInternalServerError || anyToken.MatchString(body) || len(answer.Result().Cookies()) > 0 {
				t.Errorf("%s answers %d %s", path, answer.Code, body)
			}
		}
		asked := g.ask(t)
		alone := proof{name: "a passkey", body: asked.answered(g.passkey.Sign(t, asked.PublicKey))}
		if len(g.tokens(t, contract.PasskeyPath(c), alone)) == 0 {
			t.Errorf("%s opens no session", contract.PasskeyPath(c))
		}
	}
}
