package auth

import "net/netip"

// Source is where a try came from: an IPv4 address or an IPv6 /64, or the zero value where none is known.
type Source struct{ text string }

// ParseSource reads an IP address, with or without a port; what is no address gives the zero Source.
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
		return Source{ip.String()}
	}
	return Source{netip.PrefixFrom(ip, 64).Masked().String()}
}

// Known reports whether there is an address; per-source limits apply only to a known one.
func (s Source) Known() bool { return s.text != "" }

// String returns the address or prefix in canonical text, empty where none is known.
func (s Source) String() string { return s.text }
