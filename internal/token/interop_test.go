package token_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"latchkey/internal/authtest"
	"latchkey/internal/emulator"
	"latchkey/internal/keyring"
)

// pyjwt reads {jwks, keys, tokens, issuer, audience, now}, verifies each token by the published JWKS, or by the
// private document where its key is symmetric, and signs the claims again with each private key.
const pyjwt = `
import json, sys, jwt
d = json.load(sys.stdin)
published = jwt.PyJWKSet.from_dict(d["jwks"]).keys if d["jwks"]["keys"] else []
symmetric = [jwt.PyJWK.from_dict(k) for k in d["keys"] if k["kty"] == "oct"]
out = []
for token in d["tokens"]:
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(k for k in published + symmetric if k.key_id == kid)
    claims = jwt.decode(token, key, algorithms=[key.algorithm_name], issuer=d["issuer"], audience=d["audience"],
        options={"require": ["exp", "iat", "nbf", "sub", "jti"], "verify_exp": False, "verify_iat": False, "verify_nbf": False})
    private = next(jwt.PyJWK.from_dict(k) for k in d["keys"] if k["kid"] == kid)
    out.append(jwt.encode(claims, private.key, algorithm=key.algorithm_name, headers={"kid": kid}))
json.dump(out, sys.stdout)
`

// TestInterop promises that PyJWT, another implementation, verifies our tokens with our JWKS, and that we verify
// what it signs with our JWKs.
func TestInterop(t *testing.T) {
	python := emulator.PyJWT(t)
	for _, a := range all {
		t.Run(string(a), func(t *testing.T) {
			doc := document(t, a)
			r, err := keyring.Parse(doc)
			if err != nil {
				t.Fatal(err)
			}
			jwks, err := r.PublicJWKS()
			if err != nil {
				t.Fatal(err)
			}
			k, full := newKeyring(t, a), claims()
			full.Org, full.Actor = "org-1", "user-2"
			input, err := json.Marshal(map[string]any{
				"jwks": json.RawMessage(jwks), "keys": authtest.DecodeRing(t, doc).Keys,
				"tokens": []string{sign(t, k, claims()), sign(t, k, full)},
				"issuer": config.Issuer, "audience": config.Audience,
			})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), python, "-c", pyjwt)
			cmd.Stdin = strings.NewReader(string(input))
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("PyJWT refuses: %v\n%s", err, stderr.String())
			}
			var signed []string
			if err := json.Unmarshal(out, &signed); err != nil || len(signed) != 2 {
				t.Fatalf("PyJWT printed %q", out)
			}
			for _, raw := range signed {
				if c, err := k.Verify(t.Context(), raw); err != nil || c.Subject != "user-1" {
					t.Errorf("signed by PyJWT: %+v, %v", c, err)
				}
			}
		})
	}
}
