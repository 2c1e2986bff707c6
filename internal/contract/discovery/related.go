package discovery

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"

	"latchkey/internal/web"
)

// RelatedOriginsPath is where browsers ask whether a page of another domain may use the passkeys (WebAuthn Level 3 section 5.11). They ask
// the relying party's own host, without the issuer's path.
const RelatedOriginsPath = "/.well-known/webauthn"

var errNoOrigins = errors.New("discovery: no related origins")

// relatedOrigins returns the endpoint of the list, which is 404 without an origin.
func relatedOrigins(c Config) web.Endpoint {
	return web.Endpoint{
		Method: http.MethodGet, Public: true, Log: c.Log, Failure: message{"Internal server error"},
		Refusals: []web.Refusal{
			{Err: web.ErrMethod, Status: http.StatusMethodNotAllowed, Body: message{"Method not allowed"}},
			{Err: errNoOrigins, Status: http.StatusNotFound, Body: message{"Not Found"}},
		},
		Handle: func(w http.ResponseWriter, r *http.Request) error {
			if len(c.PasskeyOrigins) == 0 {
				return errNoOrigins
			}
			body, err := json.Marshal(struct {
				Origins []string `json:"origins"`
			}{c.PasskeyOrigins})
			if err != nil {
				return err
			}
			return newDocument(body).write(w, r)
		},
	}
}
