package discovery_test

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"latchkey/internal/auth"
	"latchkey/internal/contract/discovery"
	"latchkey/internal/emulator"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

// serve runs the endpoints below an issuer's URL, and returns the issuer and a token that it signed.
func serve(t *testing.T, a jwk.Algorithm) (issuer, raw string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	issuer = "http://" + server.Listener.Addr().String()
	server.Config.Handler = discovery.Routes(discovery.Config{Issuer: issuer}, &source{text: published(t, a)})
	server.Start()
	t.Cleanup(server.Close)
	document, err := ring(t, a).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err = token.NewKeyring(fixed(document), keyring.Parse, token.Config{Issuer: issuer, Audience: "orders"}).Sign(t.Context(), auth.Claims{
		ID: "jti-1", Subject: "user-1", SessionID: "sid-1", Roles: []string{"editor"},
		IssuedAt: time.Now().Truncate(time.Second), ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return issuer, raw
}

// pyjwt verifies a token with only the issuer, as PyJWT's documentation shows.
const pyjwt = `
import json, sys, urllib.request, jwt
issuer, audience, token = sys.argv[1:]
with urllib.request.urlopen(issuer + "/.well-known/openid-configuration") as r:
    config = json.load(r)
assert config["issuer"] == issuer, config
client = jwt.PyJWKClient(config["jwks_uri"])
key = client.get_signing_key_from_jwt(token)
algorithms = config["id_token_signing_alg_values_supported"]
claims = jwt.decode(token, key, algorithms=algorithms, audience=audience, issuer=issuer,
    options={"require": ["exp", "iat", "nbf", "sub", "jti"]})
assert claims["scope"] == "user" and claims["roles"] == ["editor"], claims
print(claims["sub"], len(client.get_signing_keys()))
`

// TestPyJWT promises that PyJWT finds the keys from the issuer and verifies our tokens with them.
func TestPyJWT(t *testing.T) {
	python := emulator.PyJWT(t)
	for _, a := range []jwk.Algorithm{jwk.ES256, jwk.RS256, jwk.EdDSA} {
		t.Run(string(a), func(t *testing.T) {
			issuer, raw := serve(t, a)
			out, err := exec.CommandContext(t.Context(), python, "-c", pyjwt, issuer, "orders", raw).CombinedOutput()
			if err != nil || strings.TrimSpace(string(out)) != "user-1 2" {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestGatewayRules promises that API Gateway's native JWT authorizers accept our RS256 tokens, by the rules in their
// documentation: discovery through the issuer, RSA only, kid, iss, aud, times and scope, and the size limits of both
// documents. They refuse ES256, which is why the algorithm is a setting.
func TestGatewayRules(t *testing.T) {
	issuer, raw := serve(t, jwk.RS256)
	if err := jwtAuthorizer(issuer, []string{"other", "orders"}, []string{"admin", "user"}, raw); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another audience": jwtAuthorizer(issuer, []string{"other"}, []string{"user"}, raw),
		"another scope":    jwtAuthorizer(issuer, []string{"orders"}, []string{"admin"}, raw),
		"another token":    jwtAuthorizer(issuer, []string{"orders"}, []string{"user"}, raw[:len(raw)-4]+"AAAA"),
	} {
		if err == nil {
			t.Errorf("%s is accepted: this authorizer proves nothing", name)
		}
	}
	issuer, raw = serve(t, jwk.ES256)
	if err := jwtAuthorizer(issuer, []string{"orders"}, []string{"user"}, raw); err == nil {
		t.Error("ES256 is accepted: this authorizer proves nothing")
	}
}

// jwtAuthorizer implements the documented rules of HTTP APIs' JWT authorizers with golang-jwt and its own parser of the
// JWK Set.
func jwtAuthorizer(issuer string, audiences, scopes []string, raw string) error {
	var config struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := fetch(issuer+"/.well-known/openid-configuration", &config); err != nil {
		return err
	}
	var set struct {
		Keys []struct{ Kty, Kid, Alg, N, E string } `json:"keys"`
	}
	if err := fetch(config.JWKSURI, &set); err != nil {
		return err
	}
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(jwt.WithIssuer(issuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithValidMethods([]string{"RS256"})).
		ParseWithClaims(raw, claims, func(t *jwt.Token) (any, error) {
			for _, k := range set.Keys {
				if k.Kid == t.Header["kid"] && k.Kty == "RSA" && k.Alg == t.Method.Alg() {
					n, _ := base64.RawURLEncoding.DecodeString(k.N)
					e, _ := base64.RawURLEncoding.DecodeString(k.E)
					return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
				}
			}
			return nil, errors.New("no RSA key with the token's kid")
		})
	if err != nil {
		return err
	}
	audience, _ := claims.GetAudience()
	scope, _ := claims["scope"].(string)
	shared := func(a, b []string) bool {
		return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
	}
	if config.Issuer != issuer || !shared(audience, audiences) || !shared(strings.Fields(scope), scopes) {
		return fmt.Errorf("issuer %q, audience %q or scope %q", config.Issuer, audience, scope)
	}
	return nil
}

// fetch applies the gateway's limits for either document: 1.5 s and 150,000 bytes.
func fetch(url string, v any) error {
	client := http.Client{Timeout: 1500 * time.Millisecond}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || len(text) > 150_000 {
		return fmt.Errorf("%s: %d, %d bytes, %w", url, answer.StatusCode, len(text), err)
	}
	return json.Unmarshal(text, v)
}

// fixed is a token.Source that never changes.
type fixed []byte

func (f fixed) Get(context.Context) ([]byte, error)     { return f, nil }
func (f fixed) Refresh(context.Context) ([]byte, error) { return f, nil }
