package planpoint

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"latchkey/internal/auth"
)

// The cookies' names, which clients and their proxies know.
const (
	accessCookie  = "planpoint"
	refreshCookie = "planpointRefresh"
	deviceCookie  = "latchkeyDevice"
)

// ErrCookie reports a cookie that was sent twice: a sibling host may have set one of them (RFC 6265bis 8.6).
var ErrCookie = errors.New("planpoint: a cookie was sent twice")

// Cookies says how the contract keeps a browser's session: the access token in a cookie for every path, the refresh
// token in one for the session endpoints only.
type Cookies struct {
	IssuerHost string // host of the issuer URL, which a proxy may hide from requests
	IssuerPath string // path of the issuer URL: the refresh cookie's Path begins with it
	Domain     string // empty: host-only
	Insecure   bool   // without Secure, for browsers that drop it on http://localhost
}

// Set adds the grant's tokens to the answer as cookies that live as long as their tokens. A grant without a refresh
// token expires the refresh cookie that the request carried, which may be another user's.
func (c Cookies) Set(w http.ResponseWriter, r *http.Request, g auth.Grant) {
	c.replace(w, r, c.access(g.AccessToken, seconds(g.AccessLife)))
	switch {
	case g.RefreshToken != "":
		c.replace(w, r, c.refresh(g.RefreshToken, seconds(g.RefreshLife)))
	case len(r.CookiesNamed(refreshCookie)) > 0:
		c.replace(w, r, c.refresh("", -1))
	}
	if g.DeviceToken != "" {
		http.SetCookie(w, c.device(g.DeviceToken, seconds(g.DeviceLife)))
	}
}

// seconds rounds up: net/http omits a Max-Age of 0, and a cookie without one lives until the browser is closed.
func seconds(life time.Duration) int { return int((life + time.Second - 1) / time.Second) }

// Clear expires both cookies; all attributes except the lifetime are those they were set with (RFC 6265bis 5.7).
func (c Cookies) Clear(w http.ResponseWriter, r *http.Request) {
	c.replace(w, r, c.access("", -1))
	c.replace(w, r, c.refresh("", -1))
}

// replace adds the cookie to the answer. If the request carried two of its name, as after a change of COOKIE_DOMAIN, it
// first expires the variants with every other Domain that the browser may hold.
func (c Cookies) replace(w http.ResponseWriter, r *http.Request, cookie *http.Cookie) {
	if len(r.CookiesNamed(cookie.Name)) > 1 {
		for _, domain := range c.domains(r.Host) {
			if domain != cookie.Domain {
				old := *cookie
				old.Value, old.Domain, old.MaxAge = "", domain, -1
				http.SetCookie(w, &old)
			}
		}
	}
	http.SetCookie(w, cookie)
}

// domains returns every Domain that a cookie of this deployment may have: none, the configured one, and the request's
// and the issuer's host with their parents. Browsers ignore those that do not contain the host they called.
func (c Cookies) domains(host string) []string {
	domains := []string{"", c.Domain}
	for _, host := range []string{host, c.IssuerHost} {
		domains = append(domains, parents(host)...)
	}
	slices.Sort(domains)
	return slices.Compact(domains)
}

// maxParents bounds what a request's Host can add to the answer.
const maxParents = 8

// parents returns the host and its parent domains, the nearest first, without the top level; none for an IP address.
func parents(host string) []string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return nil
	}
	var found []string
	for strings.Contains(host, ".") && len(found) < maxParents {
		if (&http.Cookie{Name: "any", Domain: host}).Valid() == nil {
			found = append(found, host)
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return found
}

// AccessToken returns the access cookie's value, empty without one, or ErrCookie.
func (c Cookies) AccessToken(r *http.Request) (string, error) { return only(r, accessCookie) }

// RefreshToken returns the refresh cookie's value, empty without one, or ErrCookie.
func (c Cookies) RefreshToken(r *http.Request) (string, error) { return only(r, refreshCookie) }

// AccessTokens returns the values of all access cookies that the request carries, for a sign-out that ends each of them.
func (c Cookies) AccessTokens(r *http.Request) []string { return all(r, accessCookie) }

// RefreshTokens returns the values of all refresh cookies that the request carries; see AccessTokens.
func (c Cookies) RefreshTokens(r *http.Request) []string { return all(r, refreshCookie) }

func only(r *http.Request, name string) (string, error) {
	switch sent := all(r, name); len(sent) {
	case 0:
		return "", nil
	case 1:
		return sent[0], nil
	}
	return "", fmt.Errorf("%w: %s", ErrCookie, name)
}

func all(r *http.Request, name string) []string {
	var values []string
	for _, cookie := range r.CookiesNamed(name) {
		values = append(values, cookie.Value)
	}
	return values
}

// DeviceToken returns the value of the remembered device's cookie, empty without one. One that arrives twice is ignored, so that
// a sibling host cannot choose it.
func (c Cookies) DeviceToken(r *http.Request) string {
	token, _ := only(r, deviceCookie)
	return token
}

// device has no Domain: only the API's own host gets it, and no request that another site begins.
func (c Cookies) device(value string, seconds int) *http.Cookie {
	cookie := c.cookie(deviceCookie, value, c.IssuerPath+"/api/users", seconds)
	cookie.Domain, cookie.SameSite = "", http.SameSiteStrictMode
	return cookie
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
		Secure: !c.Insecure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
