package auth

import "strings"

// ParseBearer returns the token in an Authorization header of the scheme Bearer, which any number of spaces may
// separate (RFC 6750 2.1), and whether the header is of that scheme; the token may be empty.
func ParseBearer(authorization string) (token string, bearer bool) {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimLeft(token, " "), true
}

// ParseAPIKey returns the API key in an Authorization header. A Bearer value is not a key: browsers send stale tokens with the login.
func ParseAPIKey(authorization string) string {
	if _, bearer := ParseBearer(authorization); bearer {
		return ""
	}
	return authorization
}
