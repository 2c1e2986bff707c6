package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Origins are the web origins whose pages may call an endpoint from another site; the one list drives
// both the cross-site rule and CORS.
type Origins []string

// ParseOrigins checks a list of origins as browsers send them: scheme://host[:port], no path, no wildcard.
func ParseOrigins(list []string) (Origins, error) {
	for _, origin := range list {
		if !isOrigin(origin) {
			return nil, fmt.Errorf("%q is no web origin: write it as the browser sends it, like https://app.example.com", origin)
		}
	}
	return Origins(list), nil
}

// isOrigin reports whether a browser would write the origin so: ASCII in lower case, and no port that goes without saying.
func isOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || origin != u.Scheme+"://"+strings.ToLower(u.Host) ||
		strings.ContainsFunc(origin, func(r rune) bool { return r == '*' || r > unicode.MaxASCII }) {
		return false
	}
	defaultPort, known := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	return known && u.Port() != defaultPort && !strings.HasSuffix(u.Host, ":")
}

// allow is the cross-site rule: Sec-Fetch-Site decides, else Origin against the host that was called.
// A request with neither header comes from no current browser.
func (o Origins) allow(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if len(r.Header.Values("Origin")) > 1 || len(r.Header.Values("Sec-Fetch-Site")) > 1 {
		return false
	}
	if slices.Contains(o, origin) {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "same-site", "none":
		return true
	case "":
		u, err := url.Parse(origin)
		return origin == "" || err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
	}
	return false
}

// setHeaders lets pages of allowed origins read the answer; credentials go with an exact origin only.
func (o Origins) setHeaders(h http.Header, r *http.Request) {
	if len(o) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); slices.Contains(o, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// answerPreflight says to allowed origins what they may send; the others get a bare 204 and stop there.
func (o Origins) answerPreflight(w http.ResponseWriter, r *http.Request, method string) {
	if slices.Contains(o, r.Header.Get("Origin")) {
		h := w.Header()
		h.Set("Access-Control-Allow-Methods", method)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}
