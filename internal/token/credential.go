package token

import (
	"errors"
	"net/http"
	"strings"

	"latchkey/internal/auth"
)

// ErrNoToken: the request has no credential, so the answer needs no error code (RFC 6750 3.1).
var ErrNoToken = errors.New("token: none")

// FromHeader returns the access token of a request: from Authorization: Bearer (RFC 6750 2.1), else from the cookie of
// that name, if not empty.
func FromHeader(h http.Header, cookie string) (string, error) {
	// Any other Authorization is ErrInvalidToken and does not fall back to the cookie, which may belong to another
	// user. A cookie sent twice is ErrInvalidToken: another site may have set one of them (RFC 6265bis 8.6).
	switch sent := h.Values("Authorization"); len(sent) {
	case 0:
		return fromCookie(h.Values("Cookie"), cookie)
	case 1:
		text, bearer := auth.ParseBearer(sent[0])
		if !bearer || text == "" {
			return "", refuse("Authorization is not a bearer token")
		}
		return text, nil
	}
	return "", refuse("Authorization was sent twice")
}

// fromCookie splits Cookie headers as browsers write them (RFC 6265 4.2.1). It does not unquote: a token has one spelling.
func fromCookie(sent []string, name string) (string, error) {
	var found []string
	for _, header := range sent {
		for pair := range strings.SplitSeq(header, ";") {
			if n, value, _ := strings.Cut(pair, "="); name != "" && strings.Trim(n, " \t") == name {
				found = append(found, strings.Trim(value, " \t"))
			}
		}
	}
	switch len(found) {
	case 0:
		return "", ErrNoToken
	case 1:
		return found[0], nil
	}
	return "", refuse("its cookie was sent twice")
}
