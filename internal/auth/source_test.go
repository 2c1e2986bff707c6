package auth_test

import (
	"testing"

	"latchkey/internal/auth"
)

func TestParseSource(t *testing.T) {
	for _, test := range []struct{ name, addr, want string }{ // want "": not known
		{"IPv4", "192.0.2.7", "192.0.2.7"},
		{"IPv4 and port", "192.0.2.7:4711", "192.0.2.7"},
		{"IPv4 mapped into IPv6", "::ffff:192.0.2.7", "192.0.2.7"},
		{"mapped, in hexadecimal", "::ffff:c000:207", "192.0.2.7"},
		{"mapped, with port", "[::ffff:192.0.2.7]:4711", "192.0.2.7"},
		{"mapped, with zone", "::ffff:192.0.2.7%eth0", "192.0.2.7"},
		{"IPv4 translated by NAT64", "64:ff9b::192.0.2.7", "192.0.2.7"},
		{"translated, in hexadecimal, with port", "[64:ff9b::c000:207]:4711", "192.0.2.7"},
		{"translated by a local prefix", "64:ff9b:1::c000:207", "64:ff9b:1::/64"},
		{"loopback", "127.0.0.1:80", "127.0.0.1"},
		{"IPv6 is its /64", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"another of the same /64", "2001:db8:1:2::", "2001:db8:1:2::/64"},
		{"another /64", "2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"IPv6 written long", "2001:0DB8:0001:0002:0000:0000:0000:0001", "2001:db8:1:2::/64"},
		{"IPv6 and port", "[2001:db8::1]:4711", "2001:db8::/64"},
		{"zone", "fe80::1%eth0", "fe80::/64"},
		{"zone and port", "[fe80::1%eth0]:4711", "fe80::/64"},
		{"IPv6 loopback", "::1", "::/64"},

		{"nothing", "", ""},
		{"unspecified IPv4", "0.0.0.0", ""},
		{"unspecified IPv4 and port", "0.0.0.0:80", ""},
		{"unspecified IPv6", "::", ""},
		{"unspecified, with zone", "::%eth0", ""},
		{"unspecified and mapped", "::ffff:0.0.0.0", ""},
		{"unspecified and translated", "64:ff9b::", ""},
		{"a name", "localhost", ""},
		{"a list, as in X-Forwarded-For", "192.0.2.7, 198.51.100.1", ""},
		{"space around", " 192.0.2.7", ""},
		{"leading zeros", "192.0.2.007", ""},
		{"short form", "192.0.519", ""},
		{"a number", "3221225991", ""},
		{"a prefix", "192.0.2.0/24", ""},
		{"port without a number", "192.0.2.7:", ""},
		{"IPv6 in brackets without a port", "[2001:db8::1]", ""},
		{"at sign of a local socket", "@", ""},
		{"NUL", "192.0.2.7\x00", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := auth.ParseSource(test.addr)
			if got := source.String(); got != test.want {
				t.Errorf("ParseSource(%q) = %q, want %q", test.addr, got, test.want)
			}
			if got := source.Known(); got != (test.want != "") {
				t.Errorf("ParseSource(%q).Known() = %t", test.addr, got)
			}
			if test.want == "" && source != (auth.Source{}) {
				t.Errorf("ParseSource(%q) is not the zero Source", test.addr)
			}
		})
	}
}
