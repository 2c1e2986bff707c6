package token_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

// fuzzRing has fixed, public keys, so that every process of a fuzz run has the same. Only for tests.
const fuzzRing = `{"keys":[
	{"kty":"oct","kid":"one","alg":"HS256","use":"sig","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
	{"kty":"oct","kid":"two","alg":"HS256","use":"sig","k":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}],
	"current":"one","next":"two","macKey":"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`

// FuzzVerify promises that no text makes the verifier panic, and that it takes none but a token of the ring's keys,
// letter by letter.
func FuzzVerify(f *testing.F) {
	signer := newForger(f, []byte(fuzzRing))
	k := token.NewKeyring(&source{text: []byte(fuzzRing)}, keyring.Parse, config)
	good := signer.token(signer.header(), goodClaims)
	for _, raw := range []string{good, "", "..", good + "\n", "e30.e30.", strings.ToUpper(good), encode([]byte(`{"alg":"none","typ":"JWT","kid":"one"}`)) + ".e30."} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := k.Verify(t.Context(), raw)
		switch {
		case err != nil && !errors.Is(err, token.ErrInvalidToken):
			t.Fatalf("%q: %v", raw, err)
		case err == nil:
			part := strings.Split(raw, ".")
			if len(part) != 3 || encode(signer.sign([]byte(part[0]+"."+part[1]))) != part[2] {
				t.Fatalf("took %q", raw)
			}
		}
	})
}

// FuzzVerifySigned promises the same for what lies behind the signature: no panic, and nothing is taken that
// encoding/json, reading the same text, finds to lack what a token must have.
func FuzzVerifySigned(f *testing.F) {
	signer := newForger(f, []byte(fuzzRing))
	k := token.NewKeyring(&source{text: []byte(fuzzRing)}, keyring.Parse, config)
	f.Add(signer.header(), goodClaims)
	f.Add(signer.header(), claimed(`"api"`, `["api"]`, `"jti"`, `"act":{"sub":"a"},"jti"`))
	f.Add(`{"typ":"JWT","alg":"HS256","kid":["one"]}`, `null`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		got, err := k.Verify(t.Context(), signer.token(header, payload))
		if err != nil {
			if !errors.Is(err, token.ErrInvalidToken) {
				t.Fatal(err)
			}
			return
		}
		var c, h map[string]any
		if json.Unmarshal([]byte(payload), &c) != nil || json.Unmarshal([]byte(header), &h) != nil {
			t.Fatalf("took what is no JSON: %q %q", header, payload)
		}
		exp, _ := c["exp"].(float64)
		iat, _ := c["iat"].(float64)
		scope, _ := c["scope"].(string)
		switch {
		case h["alg"] != "HS256" || h["typ"] != "JWT" || h["crit"] != nil || h["b64"] != nil:
			t.Fatalf("took the header %q", header)
		case c["iss"] != config.Issuer || c["sub"] != got.Subject || got.Subject == "" || !slices.Contains(strings.Split(scope, " "), "user"):
			t.Fatalf("took the payload %q", payload)
		case exp <= float64(now.Unix()) || iat > float64(now.Add(30*time.Second).Unix()) || exp-iat > 90*86400+30:
			t.Fatalf("took the times of %q", payload)
		}
	})
}
