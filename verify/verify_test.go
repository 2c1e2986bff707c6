package verify_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
	"latchkey/verify"
)

// TestNew promises an error for arguments under which every token would be refused or every forgery accepted.
func TestNew(t *testing.T) {
	for _, issuer := range []string{
		"https://login.example.com", "https://login.example.com/prod", "https://login.example.com:8443", "http://127.0.0.1:3000",
		"http://localhost:3000", "http://[::1]:3000", "http://127.8.9.1",
	} {
		if _, err := verify.New(issuer, "api"); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	for _, issuer := range []string{
		"", "login.example.com", "http://login.example.com", "http://localhost.example.com", "http://10.0.0.1", "http://0.0.0.0",
		"https://login.example.com/", "https://login.example.com?", "https://login.example.com?x=1", "https://login.example.com#x",
		"https://ada@login.example.com", "HTTPS://login.example.com", "ftp://127.0.0.1", "https://", "file:///etc/keys", "https://a b",
		"https://login.example.com\n", "//login.example.com",
	} {
		if _, err := verify.New(issuer, "api"); err == nil {
			t.Errorf("%q is taken", issuer)
		}
	}
	if _, err := verify.New(issuerURL, ""); err == nil {
		t.Error("an empty audience is taken")
	}
	if _, err := verify.New(issuerURL, "api", verify.WithCookie("planpoint", "app.example.com")); err == nil {
		t.Error("a trusted origin without a scheme is taken")
	}
}

// TestVerify promises the claims of a valid token of each algorithm.
func TestVerify(t *testing.T) {
	for _, a := range []jwk.Algorithm{jwk.ES256, jwk.RS256, jwk.EdDSA} {
		l := newLogin(t, a)
		got, err := newVerifier(t, l).Verify(t.Context(), l.token(t))
		want := verify.Claims{
			Subject: "user-1", SessionID: "sid-1", Roles: []string{"editor"}, Org: "org-1", Actor: "user-2", ID: "jti-1",
			IssuedAt: got.IssuedAt, ExpiresAt: got.IssuedAt.Add(time.Hour),
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" || time.Since(got.IssuedAt).Abs() > time.Minute {
			t.Errorf("%s: %v, (-want +got):\n%s", a, err, diff)
		}
	}
}

// TestVerifyRefuses promises the strictness of Latchkey's own verifier, and that an invalid token is not reported as an outage.
func TestVerifyRefuses(t *testing.T) {
	l, stranger := newLogin(t, jwk.ES256), newLogin(t, jwk.ES256)
	v, good := newVerifier(t, l), l.token(t)
	part := strings.Split(good, ".")
	for name, raw := range map[string]string{
		"empty": "", "dots": "..", "another's key": stranger.token(t), "another issuer": l.tokenFor(t, "https://login.example.com", audience),
		"another audience": l.tokenFor(t, issuerURL, "invoices"),
		"expired": l.token(t, func(c *auth.Claims) {
			c.IssuedAt, c.ExpiresAt = c.IssuedAt.Add(-2*time.Hour), c.IssuedAt.Add(-time.Second)
		}),
		"of tomorrow": l.token(t, func(c *auth.Claims) {
			c.IssuedAt, c.ExpiresAt = c.IssuedAt.Add(24*time.Hour), c.ExpiresAt.Add(24*time.Hour)
		}),
		"alg none": "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIiwia2lkIjoieCJ9." + part[1] + ".", "trailing LF": good + "\n", "cut": good[:len(good)-1],
		"swapped signature": part[0] + "." + part[1] + "." + strings.Split(stranger.token(t), ".")[2], "huge": strings.Repeat("A", 1<<20),
	} {
		c, err := v.Verify(t.Context(), raw)
		if !errors.Is(err, verify.ErrInvalidToken) || errors.Is(err, verify.ErrUnavailable) || c.Subject != "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Errorf("the valid token: %v", err)
	}
}

// TestSymmetric promises that without public keys a token is unverifiable, not invalid.
func TestSymmetric(t *testing.T) {
	l := newLogin(t, jwk.HS256)
	if _, err := newVerifier(t, l).Verify(t.Context(), l.token(t)); !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("%v; want ErrUnavailable", err)
	}
}

// TestSessionCheck promises that an ended session makes a token invalid, that a failing check is an outage, and that only
// valid tokens are checked.
func TestSessionCheck(t *testing.T) {
	l := newLogin(t, jwk.ES256)
	good := l.token(t)
	var asked []string
	stands, failure := true, error(nil)
	v := newVerifier(t, l, verify.WithSessionCheck(func(_ context.Context, raw string, c verify.Claims) (bool, error) {
		asked = append(asked, raw+" of "+c.SessionID)
		return stands, failure
	}))
	if c, err := v.Verify(t.Context(), good); err != nil || c.Subject != "user-1" {
		t.Errorf("it stands: %v", err)
	}
	stands = false
	if _, err := v.Verify(t.Context(), good); !errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("it ended: %v", err)
	}
	stands, failure = true, errors.New("database is down")
	if c, err := v.Verify(t.Context(), good); !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) || c.Subject != "" {
		t.Errorf("unknown: %v", err)
	}
	if _, err := v.Verify(t.Context(), good+"A"); !errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("a bad token: %v", err)
	}
	want := []string{good + " of sid-1", good + " of sid-1", good + " of sid-1"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// TestOverTLS promises that keys are fetched only over a trusted certificate.
func TestOverTLS(t *testing.T) {
	l := newLogin(t, jwk.ES256)
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the failing handshake is the test
	server.StartTLS()
	defer server.Close()
	server.Config.Handler = overNetwork(l, server.URL)
	raw := l.tokenFor(t, server.URL, audience)
	trusting, err := verify.New(server.URL, audience, verify.WithTransport(server.Client().Transport))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trusting.Verify(t.Context(), raw); err != nil {
		t.Errorf("trusted: %v", err)
	}
	careful, err := verify.New(server.URL, audience)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := careful.Verify(t.Context(), raw); !errors.Is(err, verify.ErrUnavailable) {
		t.Errorf("not trusted: %v", err)
	}
}
