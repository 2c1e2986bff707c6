package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/doctor"
)

// examined is what doctor printed as JSON, by check.
type examined struct {
	said
	findings map[string][]doctor.Finding
}

func (l *laptop) doctor(args ...string) examined {
	l.Helper()
	got := examined{l.run("", append([]string{"doctor", "--json"}, args...)...), map[string][]doctor.Finding{}}
	var report doctor.Report
	if err := json.Unmarshal([]byte(got.out), &report); err != nil || len(report.Findings) == 0 {
		l.Fatalf("doctor %q prints no report: %v\n%s%s", args, err, got.out, got.err)
	}
	for _, f := range report.Findings {
		got.findings[f.Check] = append(got.findings[f.Check], f)
		if acts := f.Level != doctor.OK && f.Level != doctor.NotChecked; acts != (f.Advice != "") {
			l.Errorf("%s (%s) has the advice %q", f.Check, f.Level, f.Advice)
		}
	}
	return got
}

// TestDoctorFindsServeHealthy promises no finding to act on against a server with default settings, and exit 0.
func TestDoctorFindsServeHealthy(t *testing.T) {
	l := newLaptop(t)
	s := l.serve("--allowed-origins", "https://app.example.com")
	got := l.doctor(s.base, "--allowed-origins", "https://app.example.com", "--keys", l.env["LATCHKEY_KEYS"])
	for check, findings := range got.findings {
		for _, f := range findings {
			if want := check != "certificate" && check != "plain HTTP"; (f.Level == doctor.OK) != want {
				t.Errorf("%s: %s: %s", check, f.Level, f.Message)
			}
		}
	}
	if got.code != exitOK || got.err != "" || len(got.findings) < 17 {
		t.Errorf("exit %d, %d checks, %s", got.code, len(got.findings), got.err)
	}
	plain := l.run("", "doctor", s.base)
	if plain.code != exitOK || !strings.Contains(plain.out, "ok               contracts") || strings.Contains(plain.out, "→") {
		t.Errorf("exit %d:\n%s", plain.code, plain.out)
	}
}

// TestDoctorFindsWeakServer promises a finding for settings that weaken the server, also those that only the caller can know.
func TestDoctorFindsWeakServer(t *testing.T) {
	l := newLaptop(t)
	s := l.serve("--throttle", "off", "--insecure-cookies", "--contracts", "organization")
	l.ok("", "keys", "rotate", "--now")
	got := l.doctor(s.base, "--allowed-origins", "https://app.example.com", "--issuer", "https://login.example.com")
	for check, want := range map[string]doctor.Level{
		"throttling": doctor.Fault, "cookies": doctor.Fault, "CORS": doctor.Fault, "issuer": doctor.Fault, "discovery": doctor.OK, "routes": doctor.OK,
	} {
		if f := got.findings[check]; len(f) == 0 || f[0].Level != want {
			t.Errorf("%s: %+v, want %s", check, f, want)
		}
	}
	if f := got.findings["contracts"]; len(f) != 2 || f[0].Level != doctor.OK || f[1].Level != doctor.NotChecked {
		t.Errorf("one contract is off: %+v", f)
	}
	if got.code != exitFailed {
		t.Errorf("exit %d", got.code)
	}
}

// proxied starts serve behind a proxy that changes requests and answers.
func (l *laptop) proxied(request func(*http.Request), answer func(*http.Response) error) string {
	l.Helper()
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0)}
	front := httptest.NewServer(proxy)
	l.Cleanup(front.Close)
	back, err := url.Parse(l.serve("--issuer", front.URL, "--trusted-proxies", "127.0.0.1").base)
	if err != nil {
		l.Fatal(err)
	}
	proxy.Rewrite = func(r *httputil.ProxyRequest) {
		r.SetURL(back)
		r.SetXForwarded()
		request(r.Out)
	}
	proxy.ModifyResponse = answer
	return front.URL
}

// rewriting returns a change of the bodies of one path.
func rewriting(path string, change func(map[string]any)) func(*http.Response) error {
	return func(r *http.Response) error {
		if r.Request.URL.Path != path {
			return nil
		}
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			return err
		}
		change(body)
		text, err := json.Marshal(body)
		r.Body = io.NopCloser(bytes.NewReader(text))
		r.ContentLength = int64(len(text))
		r.Header.Set("Content-Length", strconv.Itoa(len(text)))
		return err
	}
}

// TestDoctorFindsPlantedFaults promises that what a proxy or a wrong deployment does to a healthy server is found by the check
// whose business it is.
func TestDoctorFindsPlantedFaults(t *testing.T) {
	header := func(change func(http.Header)) func(*http.Response) error {
		return func(r *http.Response) error { change(r.Header); return nil }
	}
	for _, tc := range []struct {
		name, check string
		level       doctor.Level
		says        string
		request     func(*http.Request)
		answer      func(*http.Response) error
	}{
		{name: "lost header", check: "headers", level: doctor.Fault, says: "X-Content-Type-Options",
			answer: header(func(h http.Header) { h.Del("X-Content-Type-Options") })},
		{name: "changed header", check: "headers", level: doctor.Warning, says: "Referrer-Policy",
			answer: header(func(h http.Header) { h.Set("Referrer-Policy", "origin") })},
		{name: "lost cookie", check: "cookies", level: doctor.Fault, says: "1 cookie",
			answer: header(func(h http.Header) { h["Set-Cookie"] = h["Set-Cookie"][:min(1, len(h["Set-Cookie"]))] })},
		{name: "open CORS", check: "other sites", level: doctor.Fault, says: "any site",
			answer: header(func(h http.Header) { h.Set("Access-Control-Allow-Origin", "*") })},
		{name: "lost Origin", check: "other sites", level: doctor.Fault, says: "not refused",
			request: func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") }},
		{name: "wrong clock", check: "clock", level: doctor.Fault, says: "differ by 1h",
			answer: header(func(h http.Header) { h.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)) })},
		{name: "lost route", check: "routes", level: doctor.Fault, says: "/api/users/me",
			request: func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, "/api/users/me", "/me", 1) }},
		{name: "lost ETag", check: "public keys", level: doctor.Warning, says: "ETag", answer: header(func(h http.Header) { h.Del("Etag") })},
		{name: "no next key", check: "next key", level: doctor.Fault, says: "only one key",
			answer: rewriting("/.well-known/jwks.json", func(b map[string]any) {
				if keys, _ := b["keys"].([]any); len(keys) == 2 {
					b["keys"] = keys[:1]
				}
			})},
		{name: "another issuer", check: "issuer", level: doctor.Warning, says: "https://other.example.com",
			answer: rewriting("/.well-known/openid-configuration", func(b map[string]any) {
				b["issuer"], b["jwks_uri"] = "https://other.example.com", "https://other.example.com/.well-known/jwks.json"
			})},
		{name: "rewritten discovery", check: "discovery", level: doctor.Fault, says: "not what Latchkey publishes",
			answer: rewriting("/.well-known/openid-configuration", func(b map[string]any) { b["scopes_supported"] = []string{"openid"} })},
		{name: "rewritten refusal", check: "contracts", level: doctor.Fault, says: "not in the contract's words",
			answer: rewriting("/api/users/login", func(b map[string]any) { b["message"] = "unknown user" })},
		{name: "broken sign-in", check: "contracts", level: doctor.Fault, says: "500",
			answer: func(r *http.Response) error {
				if r.Request.URL.Path == "/api/users/login" {
					r.StatusCode = 500
				}
				return nil
			}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLaptop(t)
			if tc.request == nil {
				tc.request = func(*http.Request) {}
			}
			got := l.doctor(l.proxied(tc.request, tc.answer))
			found := got.findings[tc.check]
			if len(found) == 0 || found[0].Level != tc.level || !strings.Contains(found[0].Message, tc.says) || got.code != exitFailed {
				t.Errorf("exit %d, %s: %+v, want %s with %q", got.code, tc.check, found, tc.level, tc.says)
			}
		})
	}
}

// TestDoctorElsewhere promises one clear finding against a server that is not ours, that none of what it says is repeated, and
// that no other check is made.
func TestDoctorElsewhere(t *testing.T) {
	const secret = "a-password-of-somebody"
	page := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Location", "https://elsewhere.example.com/"+secret)
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		says    string
	}{
		"a page":           {page(200, "text/html", "<p>"+secret), "not Latchkey"},
		"not found":        {page(404, "text/plain", secret), "not Latchkey"},
		"a redirect":       {page(302, "text/plain", secret), "redirects"},
		"nothing":          {page(200, "", ""), "not Latchkey"},
		"null":             {page(200, "application/json", "null"), "not Latchkey"},
		"an array":         {page(200, "application/json", "[1]"), "not Latchkey"},
		"deep nesting":     {page(200, "application/json", strings.Repeat("[", 100_000)), "not Latchkey"},
		"no end":           {page(200, "application/json", `{"issuer":"`+strings.Repeat("x", 10<<20)), "not Latchkey"},
		"another provider": {page(200, "application/json", `{"issuer":"https://a","jwks_uri":"https://a/keys","token_endpoint":"https://a/token"}`), "another OpenID provider"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLaptop(t)
			elsewhere := httptest.NewServer(tc.handler)
			defer elsewhere.Close()
			l.onlyServer(l.doctor(elsewhere.URL), tc.says)
			if got := l.run("", "doctor", elsewhere.URL); strings.Contains(got.out+got.err, secret) {
				t.Errorf("it repeats what the server says:\n%s", got.out)
			}
		})
	}
}

// onlyServer requires a fault of the check "server" that says the text, and that nothing else was found.
func (l *laptop) onlyServer(got examined, says string) {
	l.Helper()
	if f := got.findings["server"]; len(f) != 1 || f[0].Level != doctor.Fault || !strings.Contains(f[0].Message, says) || got.code != exitFailed {
		l.Errorf("exit %d, %+v, want %q", got.code, f, says)
	}
	delete(got.findings, "server")
	for _, check := range []string{"clock", "certificate", "plain HTTP"} { // which ask nothing of a stranger
		delete(got.findings, check)
	}
	for check, f := range got.findings {
		if f[0].Level != doctor.NotChecked {
			l.Errorf("%s was checked: %+v", check, f)
		}
	}
}

// TestDoctorUnreachable promises a clear finding within the time limit where nothing is answered.
func TestDoctorUnreachable(t *testing.T) {
	hanging, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, nobody reads
	if err != nil {
		t.Fatal(err)
	}
	defer hanging.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for base, says := range map[string]string{
		"http://" + hanging.Addr().String():            "nothing is answered in time",
		"https://" + hanging.Addr().String():           "nothing is answered in time",
		"http://" + closed.Addr().String():             "connection is refused",
		strings.Replace(plain.URL, "http", "https", 1): "does not speak HTTPS",
		"https://doctor.invalid":                       "does not resolve",
	} {
		l := newLaptop(t)
		began := time.Now()
		l.onlyServer(l.doctor(base, "--timeout", "1s"), says)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: it took %s", base, took)
		}
	}
}

// TestDoctorUsage promises exit 2 for an argument other than a base URL, without repeating a password in it.
func TestDoctorUsage(t *testing.T) {
	l := newLaptop(t)
	for argument, says := range map[string]string{
		"login.example.com": "write it like https://", "ftp://login.example.com": "write it like https://", "https://": "write it like https://",
		"https://ada:secret-word@login.example.com": "without a user and password", "https://login.example.com?x=1": "without a query",
		"http://[::1": "write it like https://",
	} {
		if got := l.fails(exitUsage, "", []string{"doctor", argument}, says); strings.Contains(got.out+got.err, "secret-word") {
			t.Errorf("it repeats the password: %s", got.err)
		}
	}
	l.fails(exitUsage, "", []string{"doctor"}, "takes one URL, or --stack NAME")
	l.fails(exitUsage, "", []string{"doctor", "https://login.example.com", "--census"}, "need --stack")
	l.fails(exitUsage, "", []string{"doctor", "https://login.example.com", "--timeout", "0s"}, "--timeout")
}

// TestDoctorUnreadableRing promises exit 3 if all that was wrong is that something could not be looked at.
func TestDoctorUnreadableRing(t *testing.T) {
	l := newLaptop(t)
	s := l.serve()
	got := l.doctor(s.base, "--keys", "file:"+l.path("absent.json"))
	if f := got.findings["key age"]; got.code != exitUnchecked || len(f) != 1 || f[0].Level != doctor.Unknown {
		t.Errorf("exit %d, %s", got.code, fmt.Sprint(f))
	}
}
