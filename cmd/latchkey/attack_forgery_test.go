package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"latchkey/verify"
)

// forger makes tokens from a good one, with the library that everybody has.
type forger struct {
	testing.TB
	good   string
	kid    string
	claims jwt.MapClaims
	real   *ecdsa.PrivateKey // which a forger does not have: it is for tokens with one fault of another kind
	own    *ecdsa.PrivateKey
}

func newForger(l *laptop, good string) forger {
	l.Helper()
	f := forger{TB: l.TB, good: good, claims: claims(l, good)}
	f.real, f.kid = l.signingKey()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		l.Fatal(err)
	}
	f.own = own
	return f
}

// signingKey reads the current one from the file of keys.
func (l *laptop) signingKey() (*ecdsa.PrivateKey, string) {
	l.Helper()
	var ring struct {
		Current string
		Keys    []struct{ Kid, D string }
	}
	if err := json.Unmarshal([]byte(l.read("keys.json")), &ring); err != nil {
		l.Fatal(err)
	}
	for _, k := range ring.Keys {
		if k.Kid != ring.Current {
			continue
		}
		raw, err := base64.RawURLEncoding.DecodeString(k.D)
		if err != nil {
			l.Fatal(err)
		}
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
		if err != nil {
			l.Fatal(err)
		}
		return key, ring.Current
	}
	l.Fatal("no current key")
	return nil, ""
}

// token signs the good token's header and claims, changed as given.
func (f forger) token(method jwt.SigningMethod, key any, header, claims map[string]any) string {
	f.Helper()
	all := maps.Clone(f.claims)
	maps.Copy(all, claims)
	t := jwt.NewWithClaims(method, all)
	t.Header["kid"] = f.kid
	maps.Copy(t.Header, header)
	text, err := t.SignedString(key)
	if err != nil {
		f.Fatal(err)
	}
	return text
}

func (f forger) genuine(header, claims map[string]any) string {
	return f.token(jwt.SigningMethodES256, f.real, header, claims)
}

func (f forger) jwk() map[string]any {
	point, err := f.own.PublicKey.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	coordinate := base64.RawURLEncoding.EncodeToString
	return map[string]any{"kty": "EC", "crv": "P-256", "kid": f.kid, "x": coordinate(point[1:33]), "y": coordinate(point[33:])}
}

type fields = map[string]any

// unsigned are tokens that nobody signed, or that Latchkey signed otherwise.
func (f forger) unsigned() map[string]string {
	part := strings.Split(f.good, ".")
	other, err := json.Marshal(f.claims)
	if err != nil {
		f.Fatal(err)
	}
	swapped := strings.Replace(string(other), `"u-ada"`, `"u-root"`, 1)
	return map[string]string{
		"alg none":        f.token(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
		"alg NONE":        f.token(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, fields{"alg": "NONE"}, nil),
		"no signature":    part[0] + "." + part[1] + ".",
		"payload swapped": part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(swapped)) + "." + part[2],
		"cut":             f.good[:len(f.good)-1],
	}
}

// confused are signed with HMAC under what everybody knows: a verifier that lets a token choose its algorithm takes them.
func (f forger) confused() map[string]string {
	der, err := x509.MarshalPKIXPublicKey(&f.real.PublicKey)
	if err != nil {
		f.Fatal(err)
	}
	point, err := f.real.PublicKey.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	forged := map[string]string{}
	for name, secret := range map[string][]byte{
		"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "DER": der, "point": point, "kid": []byte(f.kid), "empty text": {},
	} {
		forged["HS256 with the public key as "+name] = f.token(jwt.SigningMethodHS256, secret, nil, nil)
	}
	return forged
}

// ofOwnKey are well signed, with a key of the forger's, and say where to find it.
func (f forger) ofOwnKey(url string) map[string]string {
	own := func(header fields) string { return f.token(jwt.SigningMethodES256, f.own, header, nil) }
	return map[string]string{
		"own key":               own(nil),
		"own key, jwk":          own(fields{"jwk": f.jwk()}),
		"own key, jku":          own(fields{"jku": url}),
		"own key, x5u":          own(fields{"x5u": url}),
		"own key, x5c":          own(fields{"x5c": []string{"MIIB"}}),
		"own key, no kid":       own(fields{"kid": nil}),
		"own key, kid a URL":    own(fields{"kid": url}),
		"own key, kid a list":   own(fields{"kid": []string{f.kid}}),
		"HS256, kid a path":     f.token(jwt.SigningMethodHS256, []byte{}, fields{"kid": "../../../../dev/null"}, nil),
		"HS256, kid a query":    f.token(jwt.SigningMethodHS256, []byte("x"), fields{"kid": "' UNION SELECT 'x' --"}, nil),
		"HS256, kid a command":  f.token(jwt.SigningMethodHS256, []byte("x"), fields{"kid": "| echo x"}, nil),
		"own key, kid very big": own(fields{"kid": strings.Repeat("k", 8000)}),
	}
}

// misused are signed by the real key, and have one fault.
func (f forger) misused() map[string]string {
	now := time.Now()
	return map[string]string{
		"expired":        f.genuine(nil, fields{"exp": now.Add(-time.Second).Unix(), "iat": now.Add(-time.Hour).Unix(), "nbf": now.Add(-time.Hour).Unix()}),
		"never expires":  f.genuine(nil, fields{"exp": nil}),
		"for 100 years":  f.genuine(nil, fields{"exp": now.AddDate(100, 0, 0).Unix()}),
		"exp a text":     f.genuine(nil, fields{"exp": "9999999999"}),
		"not yet":        f.genuine(nil, fields{"nbf": now.Add(time.Hour).Unix()}),
		"aud of another": f.genuine(nil, fields{"aud": "https://another.example.com"}),
		"no aud":         f.genuine(nil, fields{"aud": nil}),
		"iss of another": f.genuine(nil, fields{"iss": "https://login.evil.example"}),
		"typ of another": f.genuine(fields{"typ": "at+jwt"}, nil),
		"no typ":         f.genuine(fields{"typ": nil}, nil),
		"no scope":       f.genuine(nil, fields{"scope": nil}),
		"unknown crit":   f.genuine(fields{"crit": []string{"must"}, "must": true}, nil),
		"b64 false":      f.genuine(fields{"b64": false, "crit": []string{"b64"}}, nil),
	}
}

// TestAttackForgery promises that no token but those that Latchkey signed, for this audience, for now, is taken: not by
// the server, from the header or the cookie, and not by the package verify; and that nobody calls where a token says.
func TestAttackForgery(t *testing.T) {
	inFull(t)
	l := newLaptop(t)
	s, _ := l.besieged()
	good, refresh := s.tokens()
	f := newForger(l, good)
	v, err := verify.New(s.base, s.base)
	if err != nil {
		t.Fatal(err)
	}
	taken := func(token string) (by []string) {
		if status := s.me(token); status != http.StatusUnauthorized {
			by = append(by, "the header")
		}
		if got := s.send(http.MethodGet, "/api/users/me", "", "Cookie", "planpoint="+token); got.status != http.StatusUnauthorized {
			by = append(by, "the cookie")
		}
		if _, err := v.Verify(t.Context(), token); err == nil {
			by = append(by, "verify")
		}
		return by
	}
	// What shows that the others fail for their one fault: the same hand makes good ones.
	if by := taken(f.genuine(nil, nil)); len(by) != 3 {
		t.Fatalf("a good token of the forger's making is taken by %q alone", by)
	}
	var calls atomic.Int64
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		json.NewEncoder(w).Encode(fields{"keys": []any{f.jwk()}})
	}))
	defer evil.Close()
	for _, kind := range []struct {
		what   string
		forged map[string]string
	}{
		{"nobody signed", f.unsigned()},
		{"signed with what is public", f.confused()},
		{"signed with a key of the forger's", f.ofOwnKey(evil.URL)},
		{"signed by us, for something else", f.misused()},
		{"no access tokens", map[string]string{"refresh token": refresh, "API key": "lk_" + strings.Repeat("a", 43), "nothing": "x"}},
	} {
		refused := 0
		names := slices.Sorted(maps.Keys(kind.forged))
		for _, name := range names {
			if by := taken(kind.forged[name]); len(by) > 0 {
				t.Errorf("%s: taken by %q", name, by)
				continue
			}
			refused++
		}
		tell(t, "%s: %d of %d refused\n  %s", kind.what, refused, len(names), strings.Join(names, "; "))
	}
	asRefresh, stands := s.post("/api/users/refresh", `{"refreshToken":"`+good+`"}`), s.me(good)
	tell(t, "the access token as a refresh token: %d", asRefresh.status)
	tell(t, "calls of the addresses in jku, x5u and kid: %d", calls.Load())
	tell(t, "the token that they were made from: %d", stands)
	if asRefresh.status != http.StatusUnauthorized || calls.Load() != 0 || stands != http.StatusOK {
		t.Error("that is not what is promised")
	}
}
