package token_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
)

// TestSign promises the token's bytes: header, members and their order are part of what clients and fixtures see.
func TestSign(t *testing.T) {
	k, doc := newKeyring(t, jwk.RS256), authtest.DecodeRing(t, document(t, jwk.RS256))
	full := claims()
	full.Roles, full.Org, full.Actor = []string{"Organization Owner", `"quoted"`}, "org-1", "user-2"
	bare := claims()
	bare.Roles = nil
	for _, tc := range []struct {
		name   string
		claims auth.Claims
		want   string
	}{
		{"bare", bare, `{"iss":"https://login.example.com","sub":"user-1","aud":"api","iat":1795262400,"nbf":1795262370,` +
			`"exp":1795266000,"jti":"jti-1","sid":"sid-1","scope":"user","roles":[]}`},
		{"full", full, `{"iss":"https://login.example.com","sub":"user-1","aud":"api","iat":1795262400,"nbf":1795262370,` +
			`"exp":1795266000,"jti":"jti-1","sid":"sid-1","scope":"user","roles":["Organization Owner","\"quoted\""],` +
			`"org":"org-1","act":{"sub":"user-2"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text, keyID, err := k.Sign(t.Context(), tc.claims)
			if err != nil {
				t.Fatal(err)
			}
			part := strings.Split(text, ".")
			if header := string(decode(t, part[0])); header != `{"typ":"JWT","alg":"RS256","kid":"`+doc.Current+`"}` {
				t.Errorf("header %s", header)
			}
			if diff := cmp.Diff(tc.want, string(decode(t, part[1]))); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
			if keyID != doc.Current {
				t.Errorf("signed by %s, want the current key", keyID)
			}
			if again := sign(t, k, tc.claims); again != text {
				t.Error("the same claims give another token")
			}
		})
	}
}

// TestSignRefuses promises an error, and not of the key source, for claims that no verifier would take.
func TestSignRefuses(t *testing.T) {
	k := newKeyring(t, jwk.ES256)
	for name, change := range map[string]func(*auth.Claims){
		"no subject":      func(c *auth.Claims) { c.Subject = "" },
		"no life":         func(c *auth.Claims) { c.ExpiresAt = c.IssuedAt },
		"no times":        func(c *auth.Claims) { c.IssuedAt, c.ExpiresAt = time.Time{}, time.Time{} },
		"91 days":         func(c *auth.Claims) { c.ExpiresAt = c.IssuedAt.Add(91 * 24 * time.Hour) },
		"subject no text": func(c *auth.Claims) { c.Subject = "a\xff" },
		"role no text":    func(c *auth.Claims) { c.Roles = []string{"a\xff", "b"} },
		"over 8 KiB":      func(c *auth.Claims) { c.Org = strings.Repeat("x", 8000) },
	} {
		c := claims()
		change(&c)
		if text, _, err := k.Sign(t.Context(), c); err == nil || text != "" || errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("%s: token %q, error %v", name, text, err)
		}
	}
}

// TestClaimsRoundTrip promises that whatever text the claims hold, verifying returns it unchanged, by every algorithm.
func TestClaimsRoundTrip(t *testing.T) {
	for _, a := range all {
		k := newKeyring(t, a)
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.StringN(-1, 40, 200).Filter(utf8.ValidString)
			c := auth.Claims{
				ID: text.Draw(t, "jti"), Subject: "u" + text.Draw(t, "sub"), SessionID: text.Draw(t, "sid"),
				Roles: rapid.SliceOfN(text, 0, 4).Draw(t, "roles"), Org: text.Draw(t, "org"), Actor: text.Draw(t, "act"),
				IssuedAt:  now.Add(-time.Duration(rapid.IntRange(0, 3600).Draw(t, "age")) * time.Second),
				ExpiresAt: now.Add(time.Duration(rapid.IntRange(1, 89*86400).Draw(t, "life")) * time.Second),
			}
			raw, _, err := k.Sign(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			got, err := k.Verify(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c, got); diff != "" {
				t.Fatalf("claims (-signed +verified):\n%s", diff)
			}
		})
	}
}

// TestClockBehind promises that a verifier that allows no leeway accepts a new token while its clock is up to 30 s behind.
func TestClockBehind(t *testing.T) {
	k, public := newKeyring(t, jwk.ES256), newForger(t, document(t, jwk.ES256)).public
	for behind, accepted := range map[time.Duration]bool{0: true, 2 * time.Second: true, 30 * time.Second: true, 31 * time.Second: false} {
		clock := func() time.Time { return now.Add(-behind) }
		parser := jwt.NewParser(jwt.WithTimeFunc(clock), jwt.WithValidMethods([]string{"ES256"}))
		_, err := parser.Parse(sign(t, k, claims()), func(*jwt.Token) (any, error) { return public, nil })
		if (err == nil) != accepted {
			t.Errorf("%v behind: %v", behind, err)
		}
	}
}
