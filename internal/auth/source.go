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
	ip = extractIPv4(ip)
	if ip.IsUnspecified() {
		return Source{}
	}
	if ip.Is4() {
		return Source{ip.String(), ip.String()}
	}
	return Source{netip.PrefixFrom(ip, 64).Masked().String(), netip.PrefixFrom(ip, networkBits).Masked().String()}
}

// extractIPv4 returns the IPv4 address in an IPv6 one that is mapped from it, or translated with the well-known prefix (RFC 6052 2.1).
// Otherwise all of IPv4 would be one source.
func extractIPv4(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if translated := netip.MustParsePrefix("64:ff9b::/96"); translated.Contains(ip) {
		bytes := ip.As16()
		ip, _ = netip.AddrFromSlice(bytes[12:])
	}
	return ip
}

// Known reports whether there is an address.
func (s Source) Known() bool { return s.text != "" }

// String returns the address or prefix in canonical text, empty if none is known.
func (s Source) String() string { return s.text }
