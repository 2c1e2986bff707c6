package main

import (
	"net"
	"strings"
	"testing"
)

// TestServePrintsBothURLs promises the address that scripts wait for, and under it the one to open in a browser.
func TestServePrintsBothURLs(t *testing.T) {
	s := newLaptop(t).serve()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if line, err := s.out.ReadString('\n'); err != nil || line != "open http://localhost:"+port+"\n" {
		t.Errorf("after 'listening on %s': %q %v", s.base, line, err)
	}
}

// TestServeInsecureCookies promises cookies without Secure on a loopback address, and on no other.
func TestServeInsecureCookies(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	for _, args := range [][]string{nil, {"--insecure-cookies"}} {
		cookies := l.serve(args...).signIn("ada@example.com", secretPassword).header["Set-Cookie"]
		for _, cookie := range cookies {
			if strings.Contains(cookie, "; Secure") != (args == nil) || !strings.Contains(cookie, "; HttpOnly") {
				t.Errorf("%v: %s", args, cookie)
			}
		}
		if len(cookies) != 2 {
			t.Errorf("%v: %d cookies", args, len(cookies))
		}
	}
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0"} {
		l.fails(exitUsage, "", []string{"serve", "--addr", addr, "--insecure-cookies"}, "--insecure-cookies is for a loopback address only")
	}
	l.fails(exitUsage, "", []string{"serve", "--addr", "127.0.0.1:0", "--issuer", "https://login.example.com", "--insecure-cookies"},
		"--insecure-cookies is for browsers on this machine only")
	l.env["LATCHKEY_INSECURE_COOKIES"] = "true" // is no setting
	for _, cookie := range l.serve().signIn("ada@example.com", secretPassword).header["Set-Cookie"] {
		if !strings.Contains(cookie, "; Secure") {
			t.Errorf("by a variable: %s", cookie)
		}
	}
}
