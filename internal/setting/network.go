package setting

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// isWord reports whether r is an ASCII letter or digit, or one of the others.
func isWord(r rune, others string) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(others, r)
}

const host = `[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?`

// BaseURL is an http or https URL in the one spelling that tokens will have, whose path can be a cookie's path.
func BaseURL() Kind[*url.URL] {
	return Kind[*url.URL]{Parse: parseBaseURL, Pattern: `^https?://` + host + `(:[1-9][0-9]{0,4})?(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`}
}

func parseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.String() != s || !isPlainPath(u) {
		return nil, Wrong(s, "the API's base URL without a slash at its end, like https://login.example.com")
	}
	return u, nil
}

func isPlainPath(u *url.URL) bool {
	odd := func(r rune) bool { return !isWord(r, "/._~-") }
	return u.Path == "" || u.RawPath == "" && u.Path == path.Clean(u.Path) && u.Path != "/" && !strings.ContainsFunc(u.Path, odd)
}

// IsLoopback reports whether a URL's host or a bare host means this machine: localhost, a name under it, or a loopback address.
func IsLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// CookieDomain is a domain that browsers accept in a cookie, or empty. It refuses the others because browsers drop the
// whole cookie and report nothing.
func CookieDomain() Kind[string] {
	const label = `[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	return Kind[string]{Parse: parseCookieDomain, Pattern: `^(\.?(` + label + `\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)?$`}
}

func parseCookieDomain(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	domain, err := idna.Lookup.ToASCII(strings.TrimPrefix(s, "."))
	labels := strings.Split(domain, ".")
	if _, notIP := netip.ParseAddr(domain); err != nil || notIP == nil || len(labels) < 2 || slices.Contains(labels, "") {
		return "", Wrong(s, "a domain like example.com")
	}
	return domain, nil
}

// Address is a host and port to listen on; an empty host is every address, port 0 any free port.
func Address() Kind[string] {
	return Kind[string]{Parse: func(s string) (string, error) {
		_, port, err := net.SplitHostPort(s)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || strconv.FormatUint(n, 10) != port {
			return "", Wrong(s, "HOST:PORT, like 127.0.0.1:3000 or :8080")
		}
		return s, nil
	}}
}

// Namespace is a CloudWatch namespace, or off, which parses to the empty string.
func Namespace() Kind[string] {
	return Kind[string]{Parse: func(s string) (string, error) {
		odd := func(r rune) bool { return !isWord(r, "./_:#-") }
		switch {
		case s == "off":
			return "", nil
		case len(s) > 255 || strings.HasPrefix(s, ":") || strings.HasPrefix(s, "AWS/") || strings.ContainsFunc(s, odd):
			return "", Wrong(s, "off, or a namespace of letters, digits and ./_:#- that does not begin with AWS/, like Latchkey")
		}
		return s, nil
	}}
}
