package verify_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/internal/contract/discovery"
	"latchkey/internal/jwk"
	"latchkey/verify"
)

const (
	configPath = "/prod" + discovery.ConfigurationPath
	keysPath   = "/prod" + discovery.JWKSPath
)

// overNetwork serves the login's documents as the issuer at the URL.
func overNetwork(l *login, url string) http.Handler {
	jwks, _ := l.ring.PublicJWKS()
	return discovery.Routes(discovery.Config{Issuer: url, Log: slog.New(slog.DiscardHandler)}, fixed(jwks))
}

// TestHostileIssuer promises that only the issuer's own answer is accepted as its keys, that redirects elsewhere are not
// followed, and that endless answers are cut off.
func TestHostileIssuer(t *testing.T) {
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
	}
	config := func(issuer, keys string) http.HandlerFunc {
		return text(fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, issuer, keys))
	}
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	private := func(l *login) http.HandlerFunc {
		document, _ := l.ring.Marshal()
		return text(string(document))
	}
	l := newLogin(t, jwk.ES256)
	raw := l.token(t)
	for name, replaced := range map[string]map[string]http.HandlerFunc{
		"another issuer":         {configPath: config("https://login.example.com", issuerURL+discovery.JWKSPath)},
		"issuer with a slash":    {configPath: config(issuerURL+"/", issuerURL+discovery.JWKSPath)},
		"keys on another host":   {configPath: config(issuerURL, "https://evil.example/jwks.json")},
		"keys on another port":   {configPath: config(issuerURL, "https://login.example.com:444/prod/.well-known/jwks.json")},
		"keys without TLS":       {configPath: config(issuerURL, "http://login.example.com/prod/.well-known/jwks.json")},
		"keys by a relative URL": {configPath: config(issuerURL, "/prod/.well-known/jwks.json")},
		"keys by credentials":    {configPath: config(issuerURL, "https://a:b@login.example.com/prod/.well-known/jwks.json")},
		"keys in a file":         {configPath: config(issuerURL, "file:///etc/passwd")},
		"no keys":                {configPath: text(`{"issuer":"` + issuerURL + `"}`)},
		"not JSON":               {configPath: text(`<html>`)},
		"huge configuration":     {configPath: text(`{"x":"` + strings.Repeat("x", 64<<10) + `"}`)},
		"configuration gone":     {configPath: status(404)},
		"configuration empty":    {configPath: status(204)},
		"redirected away":        {configPath: redirect("https://evil.example" + configPath)},
		"redirected to http":     {configPath: redirect("http://login.example.com" + configPath)},
		"redirected for ever":    {configPath: redirect(configPath)},
		"keys redirected away":   {keysPath: redirect("https://evil.example" + keysPath)},
		"keys gone":              {keysPath: status(500)},
		"keys not JSON":          {keysPath: text(`<html>`)},
		"keys huge":              {keysPath: text(`{"keys":[],"x":"` + strings.Repeat("x", 64<<10) + `"}`)},
		"keys private":           {keysPath: private(l)},
		"keys none":              {keysPath: text(`{"keys":[]}`)},
	} {
		l.replaced, l.requests = replaced, nil
		_, err := newVerifier(t, l).Verify(t.Context(), raw)
		if !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
			t.Errorf("%s: %v; want ErrUnavailable", name, err)
		}
		if len(l.requests) > 5 {
			t.Errorf("%s: %d requests", name, len(l.requests))
		}
		for _, url := range l.requests {
			if !strings.HasPrefix(url, "https://login.example.com/") {
				t.Errorf("%s: asked %s", name, url)
			}
		}
	}
	l.replaced = map[string]http.HandlerFunc{configPath: redirect("/moved"), "/moved": config(issuerURL, issuerURL+discovery.JWKSPath)}
	if _, err := newVerifier(t, l).Verify(t.Context(), raw); err != nil {
		t.Errorf("redirected on the same host: %v", err)
	}
}

// TestCaching promises one fetch for any number of tokens, another when the keys are five minutes old, one for a new
// key's first token, and at most one in half a minute for unknown kids.
func TestCaching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogin(t, jwk.ES256)
		v, first := newVerifier(t, l), l.token(t)
		l.delay = 100 * time.Millisecond
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := v.Verify(t.Context(), first); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		wantAsked(t, l, "50 at once", 1)
		time.Sleep(3 * time.Minute)
		v.Verify(t.Context(), first)
		wantAsked(t, l, "3 minutes old", 0)
		time.Sleep(2 * time.Minute)
		v.Verify(t.Context(), first)
		wantAsked(t, l, "5 minutes old", 1)

		time.Sleep(time.Minute)
		l.rotate(t, jwk.ES256)
		second := l.token(t)
		if _, err := v.Verify(t.Context(), second); err != nil {
			t.Errorf("a new key's token: %v", err)
		}
		wantAsked(t, l, "a new key", 1)
		for range 20 {
			if _, err := v.Verify(t.Context(), first); !errors.Is(err, verify.ErrInvalidToken) {
				t.Errorf("a token of a removed key: %v", err)
			}
			time.Sleep(time.Second)
		}
		wantAsked(t, l, "unknown kids within half a minute", 0)
	})
}

// TestIssuerDown promises that the last valid keys are used for hours, but not forever, while the issuer is down or broken;
// that no caller then waits longer than a second; and that the verifier recovers with the issuer.
func TestIssuerDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogin(t, jwk.ES256)
		v := newVerifier(t, l)
		verifies := func() error {
			_, err := v.Verify(t.Context(), l.token(t))
			return err
		}
		if err := verifies(); err != nil {
			t.Fatal(err)
		}
		l.set(func() { l.down = true })
		time.Sleep(3 * time.Hour)
		if err := verifies(); err != nil {
			t.Errorf("down for 3 h: %v", err)
		}
		l.set(func() {
			l.down = false
			l.replaced[keysPath] = func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }
		})
		time.Sleep(time.Minute)
		if err := verifies(); err != nil {
			t.Errorf("broken: %v", err)
		}
		l.set(func() { l.delay = time.Minute })
		time.Sleep(time.Minute)
		start := time.Now()
		if err := verifies(); err != nil || time.Since(start) > time.Second {
			t.Errorf("slow: %v after %s", err, time.Since(start))
		}
		time.Sleep(3 * time.Hour)
		if err := verifies(); !errors.Is(err, verify.ErrUnavailable) {
			t.Errorf("broken for more than 6 h: %v", err)
		}
		l.set(func() { l.delay, l.replaced = 0, nil })
		time.Sleep(time.Minute)
		if err := verifies(); err != nil {
			t.Errorf("back: %v", err)
		}
	})
}

// TestSlowIssuer promises that the first token waits a bounded time.
func TestSlowIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogin(t, jwk.ES256)
		l.delay = time.Hour
		start := time.Now()
		_, err := newVerifier(t, l).Verify(t.Context(), l.token(t))
		if !errors.Is(err, verify.ErrUnavailable) || time.Since(start) > 5*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func wantAsked(t *testing.T, l *login, when string, want int) {
	t.Helper()
	if configuration, keys := l.asked(); configuration != want || keys != want {
		t.Errorf("%s: %d and %d requests, want %d of each", when, configuration, keys, want)
	}
}
