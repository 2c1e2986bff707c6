package auth

import "net/netip"

// networkBits is the IPv6 prefix that providers delegate to one customer (RFC 6177), whose totals are counted together.
const networkBits = 56

// Source is where an attempt came from: an IPv4 address or an IPv6 /64, or the zero value if none is known.
type Source struct {
	text    string
	network string // what one customer of a provider has: the IPv4 address, or the /56
}

// ParseSource reads an IP address, with or without a port; any other text gives the zero Source.
func ParseSource(addr string) Source {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		ap, err := netip.ParseAddrPort(addr)
		if err != nil {
			return Source{}
		}
		ip = ap.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.IsUnspecified() {
		return Source{}
	}
	if ip.Is4() {
		return Source{ip.String(), ip.String()}
	}
	return Source{netip.PrefixFrom(ip, 64).Masked().String(), netip.PrefixFrom(ip, networkBits).Masked().String()}
}

// Known reports whether there is an address.
func (s Source) Known() bool { return s.text != "" }

// String returns the address or prefix in canonical text, empty if none is known.
func (s Source) String() string { return s.text }
