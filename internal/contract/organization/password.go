package organization

import (
	"net/http"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// PasswordDone is the body of a password that was changed or reset.
func (Contract) PasswordDone(accessToken string) any {
	return struct {
		IsSuccess   bool   `json:"isSuccess"`
		AccessToken string `json:"accessToken,omitzero"`
	}{true, accessToken}
}

// DecodeName reads email, which a sign-in has too.
func (Contract) DecodeName(r *http.Request, body []byte) (auth.Identifier, error) {
	var given struct {
		Email string `json:"email"`
	}
	if err := web.DecodeJSON(r, body, &given); err != nil {
		return auth.Identifier{}, err
	}
	name, err := auth.ParseIdentifier(given.Email)
	if err != nil {
		return auth.Identifier{}, errEmail
	}
	return name, nil
}

// ResetAsked says no more than that the request was taken.
func (c Contract) ResetAsked() any { return c.PasswordDone("") }

// PasswordRefusals word what calls about passwords answer otherwise than sign-ins do.
func (Contract) PasswordRefusals() []web.Refusal {
	const invalid, unauthorized = "invalidRequestFormat", "unauthorized"
	return []web.Refusal{
		{Err: auth.ErrRefusedPassword, Status: 400, Body: func(text string) any { return failure{Message: text, ErrorType: invalid} }},
		{Err: web.ErrMember, Status: 400, Body: failure{Message: "The members must be strings", ErrorType: invalid}},
		{Err: auth.ErrNoSession, Status: 401, Body: failure{Message: "Not signed in", ErrorType: unauthorized}},
		{Err: auth.ErrImpersonation, Status: 403, Body: failure{Message: "Not allowed for this session", ErrorType: unauthorized}},
	}
}
