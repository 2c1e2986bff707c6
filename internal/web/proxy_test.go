package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/web"
)

func parseProxies(t testing.TB, list ...string) web.Proxies {
	t.Helper()
	p, err := web.ParseProxies(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seen is the RemoteAddr that a handler behind the proxies sees.
func seen(p web.Proxies, peer string, forwarded ...string) (addr string) {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.RemoteAddr = peer
	for _, header := range forwarded {
		r.Header.Add("X-Forwarded-For", header)
	}
	p.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { addr = r.RemoteAddr }), nil).ServeHTTP(httptest.NewRecorder(), r)
	if r.RemoteAddr != peer {
		return "the caller's request was changed"
	}
	return addr
}

// TestProxies promises that X-Forwarded-For is believed only from our own proxies, not from proxies in front of them.
func TestProxies(t *testing.T) {
	ours := parseProxies(t, "10.0.0.0/8", "192.0.2.1", "2001:db8:1::/48", "::ffff:198.51.100.1")
	for _, test := range []struct {
		name      string
		proxies   web.Proxies
		peer      string
		forwarded []string
		want      string
	}{
		{"no proxies", nil, "10.0.0.1:80", []string{"203.0.113.9"}, "10.0.0.1:80"},
		{"a stranger", ours, "203.0.113.7:80", []string{"203.0.113.9"}, "203.0.113.7:80"},
		{"a stranger who names a proxy", ours, "203.0.113.7:80", []string{"10.0.0.1"}, "203.0.113.7:80"},
		{"one hop", ours, "10.0.0.1:80", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"one hop, IPv6", ours, "[2001:db8:1::5]:80", []string{"2001:db8:2::7"}, "[2001:db8:2::7]:0"},
		{"a hop with a port", ours, "10.0.0.1:80", []string{"203.0.113.9:4711"}, "203.0.113.9:0"},
		{"a hop in brackets", ours, "10.0.0.1:80", []string{"[2001:db8:2::7]"}, "[2001:db8:2::7]:0"},
		{"a mapped hop", ours, "10.0.0.1:80", []string{"::ffff:203.0.113.9"}, "203.0.113.9:0"},
		{"a mapped proxy", ours, "[::ffff:10.0.0.1]:80", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"a proxy that was set as mapped", ours, "198.51.100.1:80", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"what a stranger wrote before", ours, "10.0.0.1:80", []string{"192.0.2.77, 203.0.113.9"}, "203.0.113.9:0"},
		{"proxies one behind the other", ours, "10.0.0.1:80", []string{"192.0.2.77, 203.0.113.9, 192.0.2.1,10.9.9.9"}, "203.0.113.9:0"},
		{"two headers", ours, "10.0.0.1:80", []string{"192.0.2.77", "203.0.113.9", "10.0.0.2"}, "203.0.113.9:0"},
		{"no header", ours, "10.0.0.1:80", nil, ""},
		{"nothing in it", ours, "10.0.0.1:80", []string{""}, ""},
		{"nothing at its end", ours, "10.0.0.1:80", []string{"203.0.113.9,"}, ""},
		{"no address", ours, "10.0.0.1:80", []string{"203.0.113.9, unknown"}, ""},
		{"proxies alone", ours, "10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, ""},
	} {
		if got := seen(test.proxies, test.peer, test.forwarded...); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestParseProxies promises addresses and blocks as networks, and refuses what would silently match nothing.
func TestParseProxies(t *testing.T) {
	if d := cmp.Diff([]string{"10.0.0.0/8", "192.0.2.1/32", "2001:db8::/64"}, texts(parseProxies(t, "10.1.2.3/8", "192.0.2.1", "2001:db8::1/64"))); d != "" {
		t.Errorf("the networks differ (-want +got):\n%s", d)
	}
	for _, bad := range []string{"", "10.0.0.0/33", "10.0.0/8", "proxy.example.com", "10.0.0.1:80", "*", "fe80::1%eth0", "fe80::1%eth0/64", "::ffff:10.0.0.0/104"} {
		if p, err := web.ParseProxies([]string{"10.0.0.1", bad}); err == nil {
			t.Errorf("%q is taken as %v", bad, p)
		}
	}
}

func texts(p web.Proxies) (list []string) {
	for _, prefix := range p {
		list = append(list, prefix.String())
	}
	return list
}

// FuzzProxies promises that a client cannot change the source by writing entries before the one of our proxy, and that the
// source is an address and not our own.
func FuzzProxies(f *testing.F) {
	ours := parseProxies(f, "10.0.0.0/8", "2001:db8:1::/48")
	for _, header := range []string{"", "203.0.113.9", "10.0.0.2, 203.0.113.9", "[::1]:80,::ffff:10.0.0.1", "unknown", ",,", "fe80::1%eth0", "0.0.0.0", "1.2.3.4\x00"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		for _, forwarded := range [][]string{{header + ",203.0.113.9"}, {header, "203.0.113.9"}, {header, "203.0.113.9, 10.0.0.2"}} {
			if got := seen(ours, "10.0.0.1:80", forwarded...); got != "203.0.113.9:0" {
				t.Fatalf("%q comes from %q", forwarded, got)
			}
		}
		if got := seen(ours, "203.0.113.7:80", header); got != "203.0.113.7:80" {
			t.Fatalf("a stranger who writes %q comes from %q", header, got)
		}
		got := seen(ours, "10.0.0.1:80", header)
		if got == "" {
			return
		}
		addr, err := netip.ParseAddrPort(got)
		ofOurs := func(p netip.Prefix) bool { return p.Contains(addr.Addr().Unmap()) }
		if err != nil || slices.ContainsFunc(ours, ofOurs) {
			t.Fatalf("%q comes from %q: %v", header, got, err)
		}
	})
}
