package planpoint

import (
	"net/http"

	"latchkey/internal/auth"
)

// Caller returns who sent the request: the user of the bearer token, else of the access cookie. A bearer token that is not valid never
// falls back to the cookie, which may be another user's.
func (c Cookies) Caller(r *http.Request, sessions *auth.Sessions) (auth.Caller, error) {
	token, err := c.AccessToken(r)
	if err != nil {
		return auth.Caller{}, err
	}
	sent := r.Header.Values("Authorization")
	if len(sent) > 1 {
		return auth.Caller{}, auth.ErrNoSession
	}
	if len(sent) == 1 {
		if bearer, is := auth.ParseBearer(sent[0]); is {
			token = bearer
		}
	}
	if token == "" {
		return auth.Caller{}, auth.ErrNoSession
	}
	return sessions.Authenticate(r.Context(), token)
}
