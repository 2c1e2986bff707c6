package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the deployment's own proxies. What they report about where a request came from is
// believed; what any other peer reports is not.
type Proxies []netip.Prefix

// ParseProxies reads addresses and CIDR blocks (RFC 4632 3.1), whose host bits it ignores; the error quotes the first
// text that is neither.
func ParseProxies(list []string) (Proxies, error) {
	var p Proxies
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if addr, bad := netip.ParseAddr(text); bad == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil || prefix.Addr().Is4In6() { // which would contain no address: they are compared unmapped
			return nil, fmt.Errorf("has %q; write addresses or blocks like 10.0.0.0/8", text)
		}
		p = append(p, prefix.Masked())
	}
	return p, nil
}

// Handler gives requests that come from a proxy the address that the proxy saw, or none if the proxy did not report
// one.
func (p Proxies) Handler(next http.Handler, notices *Notices) http.Handler {
	// All clients behind a proxy share its own address. Proxies that are not declared, or that report nothing, are
	// noticed.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, ok := parseHost(r.RemoteAddr)
		switch {
		case ok && p.contain(peer):
			forwarded := *r
			forwarded.RemoteAddr = p.origin(r.Header.Values("X-Forwarded-For"))
			if forwarded.RemoteAddr == "" {
				notices.warn(r, peer.String(), "a proxy in TRUSTED_PROXIES sends no address of the client in X-Forwarded-For: "+
					"all such clients count as one source, and lock each other out", "peer", peer.String())
			}
			r = &forwarded
		case ok && isInternal(peer) && forwards(r, peer):
			notices.warn(r, peer.String(), "a proxy that is not in TRUSTED_PROXIES (serve --trusted-proxies) forwards requests: "+
				"all its clients count as one source, and lock each other out", "peer", peer.String())
		}
		next.ServeHTTP(w, r)
	})
}

// origin walks from the nearest hop outwards and stops at the first that is not our proxy: a client can write anything
// before it.
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

// forwards reports whether the peer says that the request came from another address. A gateway that only repeats the
// address that we see as well, as API Gateway does, hides no client.
func forwards(r *http.Request, peer netip.Addr) bool {
	if r.Header.Get("Forwarded") != "" {
		return true
	}
	return slices.ContainsFunc(forwardedFor[:], func(header string) bool {
		sent := strings.Join(r.Header.Values(header), ",")
		last := sent[strings.LastIndexByte(sent, ',')+1:]
		addr, ok := parseHost(strings.TrimSpace(last))
		return sent != "" && (!ok || addr != peer)
	})
}

// forwardedFor are the headers in which proxies name the client: the usual ones, and those of content delivery networks.
var forwardedFor = [...]string{"X-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Cf-Connecting-Ip", "True-Client-Ip", "Fastly-Client-Ip"}

// isInternal reports whether the address is one that proxies of a deployment have: loopback, private (RFC 1918, RFC
// 4193), link-local, or shared (RFC 6598).
func isInternal(addr netip.Addr) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || shared.Contains(addr)
}

func parseHost(text string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap(), true
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr.Unmap(), err == nil
}
