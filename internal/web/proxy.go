package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the deployment's own proxies: what they say about where a request came from is
// believed, and what anybody else says is not.
type Proxies []netip.Prefix

// ParseProxies reads addresses and CIDR blocks (RFC 4632 3.1), whose host bits it ignores; the error quotes what is neither.
func ParseProxies(list []string) (Proxies, error) {
	var p Proxies
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if addr, bad := netip.ParseAddr(text); bad == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil || prefix.Addr().Is4In6() { // which would contain nothing: addresses are compared unmapped
			return nil, fmt.Errorf("has %q; write addresses or blocks like 10.0.0.0/8", text)
		}
		p = append(p, prefix.Masked())
	}
	return p, nil
}

// Handler gives requests that come from a proxy the address that the proxy saw, and no address where it did not
// say: the proxy's own would be shared by everybody behind it.
func (p Proxies) Handler(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, ok := parseHost(r.RemoteAddr); ok && p.contain(peer) {
			forwarded := *r
			forwarded.RemoteAddr = p.origin(r.Header.Values("X-Forwarded-For"))
			r = &forwarded
		}
		next.ServeHTTP(w, r)
	})
}

// origin walks from the nearest hop outwards and stops at the first that is no proxy of ours: what stands before
// it was written by a stranger.
func (p Proxies) origin(headers []string) string {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		addr, ok := parseHost(strings.TrimSpace(hops[i]))
		if !ok {
			return ""
		}
		if !p.contain(addr) {
			return net.JoinHostPort(addr.String(), "0")
		}
	}
	return ""
}

func (p Proxies) contain(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(addr) })
}

func parseHost(text string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap(), true
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr.Unmap(), err == nil
}
