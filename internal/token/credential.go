package token

import (
	"errors"
	"net/http"
	"strings"

	"latchkey/internal/auth"
)

// ErrNoToken: the request carries no credential at all, which a server may answer without blaming one (RFC 6750 3.1).
var ErrNoToken = errors.New("token: none")

// FromHeader returns the one access token that a request's headers carry: that of Authorization: Bearer (RFC 6750
// 2.1), else the cookie's, where its name is not empty. Whatever else Authorization holds is ErrInvalidToken and
// never leads to the cookie, which may be another user's; a cookie sent twice may be a stranger's (RFC 6265bis 8.6).
func FromHeader(h http.Header, cookie string) (string, error) {
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

// fromCookie splits as browsers join (RFC 6265 4.2.1) and unquotes nothing: a token has one spelling.
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
