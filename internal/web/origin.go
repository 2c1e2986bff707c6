package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Origins are the web origins whose pages may call an endpoint from another site. The one list drives both the
// cross-site rule and CORS.
type Origins []string

// ParseOrigins checks a list of origins as browsers and apps send them: scheme://host[:port], without a path or wildcard.
func ParseOrigins(list []string) (Origins, error) {
	for _, origin := range list {
		if err := checkOrigin(origin); err != nil {
			return nil, err
		}
	}
	return Origins(list), nil
}

// defaultPort returns the port that browsers omit from an origin of the scheme, and false for schemes of apps, whose hosts
// may have capital letters (URL Standard 3.2).
func defaultPort(scheme string) (port string, special bool) {
	switch scheme {
	case "http", "ws":
		return "80", true
	case "https", "wss":
		return "443", true
	case "ftp":
		return "21", true
	}
	return "", false
}

// checkOrigin returns nil for an origin in the one spelling that clients send, else an error that says what to write.
func checkOrigin(origin string) error {
	if bare := strings.TrimRight(origin, "/"); bare != origin && checkOrigin(bare) == nil {
		return fmt.Errorf("write %q without the slash at the end, as the browser sends it", bare)
	}
	if strings.HasPrefix(origin, "file:") {
		return fmt.Errorf("%q: pages from files have no origin of their own; serve the page over HTTP", origin)
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host || strings.HasSuffix(u.Host, ":") ||
		strings.ContainsFunc(origin, func(r rune) bool { return r == '*' || r == ',' || r <= ' ' || r > unicode.MaxASCII }) {
		return fmt.Errorf("%q is not a web origin: write it as the browser sends it, like https://app.example.com", origin)
	}
	port, special := defaultPort(u.Scheme)
	switch {
	case special && u.Host != strings.ToLower(u.Host):
		return fmt.Errorf("%q: browsers send the host in lower case", origin)
	case special && (u.Hostname() == "" || u.Port() == port):
		return fmt.Errorf("%q: write it as the browser sends it, without the default port", origin)
	case u.Port() != "" && !isPort(u.Port()):
		return fmt.Errorf("%q: browsers send a port from 1 to 65535, without zeros before it", origin)
	}
	return nil
}

func isPort(digits string) bool {
	n, err := strconv.ParseUint(digits, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == digits
}

// allow is the cross-site rule: Sec-Fetch-Site decides, else Origin compared with the host that was called.
// A request with neither header does not come from a current browser.
func (o Origins) allow(r *http.Request) bool {
	if len(r.Header.Values("Origin")) > 1 || len(r.Header.Values("Sec-Fetch-Site")) > 1 {
		return false
	}
	if slices.Contains(o, r.Header.Get("Origin")) {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "same-site", "none":
		return true
	case "":
		return sameHost(r)
	}
	return false
}

// sameHost reports whether the request has no Origin, or that of the host and port that it called.
func sameHost(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	u, err := url.Parse(origin)
	return origin == "" || err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// cannotRead reports whether the request comes from a page that no answer reaches: of another origin that is not allowed.
func (o Origins) cannotRead(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	}
	return !slices.Contains(o, r.Header.Get("Origin")) && !sameHost(r)
}
