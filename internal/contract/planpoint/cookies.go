package planpoint

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/internal/auth"
)

// The cookies' names, which clients and their proxies know.
const (
	accessCookie  = "planpoint"
	refreshCookie = "planpointRefresh"
)

// ErrCookie reports a cookie that was sent twice: a sibling host may have set one of them (RFC 6265bis 8.6).
var ErrCookie = errors.New("planpoint: a cookie was sent twice")

// Cookies are where the contract keeps a browser's session: the access token for every path, the refresh token
// for the session endpoints alone.
type Cookies struct {
	IssuerPath string // path of the issuer URL: the refresh cookie's Path begins with it
	Domain     string // empty: host-only
}

// Set adds both cookies of the grant to the answer, or the access cookie alone where nothing can be refreshed.
// Each lives as long as its token.
func (c Cookies) Set(w http.ResponseWriter, g auth.Grant) {
	http.SetCookie(w, c.access(g.AccessToken, seconds(g.AccessLife)))
	if g.RefreshToken != "" {
		http.SetCookie(w, c.refresh(g.RefreshToken, seconds(g.RefreshLife)))
	}
}

// seconds rounds up: a Max-Age of 0 would be left out, and a browser keep a cookie without one for as long as it runs.
func seconds(life time.Duration) int { return int((life + time.Second - 1) / time.Second) }

// Clear makes a browser forget both cookies; all attributes but the life are as they were set (RFC 6265bis 5.7).
func (c Cookies) Clear(w http.ResponseWriter) {
	http.SetCookie(w, c.access("", -1))
	http.SetCookie(w, c.refresh("", -1))
}

// AccessToken returns the access cookie's value, empty without one, or ErrCookie.
func (c Cookies) AccessToken(r *http.Request) (string, error) { return only(r, accessCookie) }

// RefreshToken returns the refresh cookie's value, empty without one, or ErrCookie.
func (c Cookies) RefreshToken(r *http.Request) (string, error) { return only(r, refreshCookie) }

func only(r *http.Request, name string) (string, error) {
	switch sent := r.CookiesNamed(name); len(sent) {
	case 0:
		return "", nil
	case 1:
		return sent[0].Value, nil
	}
	return "", fmt.Errorf("%w: %s", ErrCookie, name)
}

func (c Cookies) access(value string, seconds int) *http.Cookie {
	return c.cookie(accessCookie, value, "/", seconds)
}

func (c Cookies) refresh(value string, seconds int) *http.Cookie {
	return c.cookie(refreshCookie, value, c.IssuerPath+"/api/users", seconds)
}

func (c Cookies) cookie(name, value, path string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: path, Domain: c.Domain, MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
