package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Hosts are the host names that a server answers for, without ports. It always answers for localhost and loopback addresses.
type Hosts []string

// ParseHosts checks a list of host names or addresses, without schemes and ports.
func ParseHosts(list []string) (Hosts, error) {
	for _, host := range list {
		if hostname(host) != strings.Trim(host, "[]") || checkOrigin("http://"+bracketed(host)) != nil {
			return nil, fmt.Errorf("%q is not a host: write its name in lower case without a scheme and a port, like login.example.com", host)
		}
	}
	return Hosts(list), nil
}

// bracketed puts an IPv6 address in brackets, as URLs have it.
func bracketed(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		return "[" + host + "]"
	}
	return host
}

// Handler answers 421 to requests for other hosts: a page whose name resolves to this machine cannot use the server as
// its own (DNS rebinding).
func (h Hosts) Handler(next http.Handler, anyHost string, notices *Notices) http.Handler {
	// Requests without a Host pass, because browsers always send one, and so do requests for the path anyHost.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostname(r.Host)
		if r.Host == "" || r.URL.Path == anyHost || isLoopback(host) || slices.ContainsFunc(h, func(own string) bool { return hostname(own) == host }) {
			next.ServeHTTP(w, r)
			return
		}
		if checkOrigin("http://"+bracketed(host)) == nil {
			notices.warn(r, host, "refused a request for a host that is not ours; to answer for it, add it to ALLOWED_HOSTS (serve --allowed-hosts)", "host", host)
		}
		SetSecurityHeaders(w.Header())
		WriteJSON(w, http.StatusMisdirectedRequest, map[string]string{"message": "This host is not served: add it to ALLOWED_HOSTS"})
	})
}
