package planpoint

import (
	"net/http"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// PasswordDone is the body of a password that was changed or reset.
func (Contract) PasswordDone(accessToken string) any {
	return struct {
		Message     string `json:"message"`
		AccessToken string `json:"access_token,omitzero"`
	}{"Password changed", accessToken}
}

// DecodeName reads username, which a sign-in has too.
func (Contract) DecodeName(r *http.Request, body []byte) (auth.Identifier, error) {
	var given struct {
		Username string `json:"username"`
	}
	if err := web.DecodeJSON(r, body, &given); err != nil {
		return auth.Identifier{}, err
	}
	name, err := auth.ParseIdentifier(given.Username)
	if err != nil {
		return auth.Identifier{}, errUsername
	}
	return name, nil
}

// ResetAsked says no more than that the request was taken.
func (Contract) ResetAsked() any { return message{"If the address is known, a mail is on its way"} }

// PasswordRefusals word what calls about passwords answer otherwise than sign-ins do.
func (Contract) PasswordRefusals() []web.Refusal {
	return []web.Refusal{
		{Err: auth.ErrRefusedPassword, Status: 400, Body: func(text string) any { return message{text} }},
		{Err: ErrCookie, Status: 400, Body: message{"A session cookie was sent twice"}},
		{Err: web.ErrMember, Status: 400, Body: message{"The members must be strings"}},
		{Err: auth.ErrNoSession, Status: 401, Body: message{"Not signed in"}},
		{Err: auth.ErrImpersonation, Status: 403, Body: message{"Not allowed for this session"}},
		{Err: auth.ErrThrottled, Status: 429, Body: message{"Too many failed attempts; try again later"}},
	}
}
