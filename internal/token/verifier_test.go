package token_test

import (
	"errors"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
	"latchkey/internal/token"
)

func newPublicVerifier(t testing.TB, a jwk.Algorithm) *token.Verifier {
	t.Helper()
	return token.NewVerifier(&source{text: published(t, a)}, config)
}

// TestVerifierAgrees promises that a verifier with only the public keys decides about every token as one with the ring does.
func TestVerifierAgrees(t *testing.T) {
	for _, a := range asymmetric {
		k, v, f := newKeyring(t, a), newPublicVerifier(t, a), newForger(t, document(t, a))
		good := f.token(f.header(), goodClaims)
		tokens := map[string]string{
			"good": good, "issued": sign(t, k, claims()), "empty": "", "dots": "..", "trailing LF": good + "\n",
			"cut": good[:len(good)-2], "of another key": f.token(strings.Replace(f.header(), f.kid, "elsewhere", 1), goodClaims),
			"none":      encode([]byte(strings.Replace(f.header(), f.alg, "none", 1))) + "." + encode([]byte(goodClaims)) + ".",
			"crit":      f.token(strings.Replace(f.header(), "{", `{"crit":["exp"],`, 1), goodClaims),
			"expired":   f.token(f.header(), claimed(`1795266000`, `1795262400`)),
			"aud":       f.token(f.header(), claimed(`"api"`, `"apis"`)),
			"iss":       f.token(f.header(), claimed(`example.com`, `example.org`)),
			"duplicate": f.token(f.header(), claimed(`"sub"`, `"sub":"root","sub"`)),
			"null":      f.token(f.header(), "null"),
		}
		for i, secret := range publicForms(t, f) {
			hs := forger{sign: func(b []byte) []byte { return hmacSum(secret, b) }}
			tokens["HS256 with a public key "+string(rune('0'+i))] = hs.token(strings.Replace(f.header(), f.alg, "HS256", 1), goodClaims)
		}
		for name, raw := range tokens {
			want, wantErr := k.Verify(t.Context(), raw)
			got, err := v.Verify(t.Context(), raw)
			if got.Subject != want.Subject || errors.Is(err, token.ErrInvalidToken) != errors.Is(wantErr, token.ErrInvalidToken) ||
				(err == nil) != (wantErr == nil) {
				t.Errorf("%s, %s: got %+v, %v; the ring says %+v, %v", a, name, got, err, want, wantErr)
			}
		}
		if _, err := v.Verify(t.Context(), good); err != nil {
			t.Errorf("%s: the good token: %v", a, err)
		}
	}
}

// TestVerifierUnavailable promises that no token is called invalid where the fault is the keys'.
func TestVerifierUnavailable(t *testing.T) {
	raw := sign(t, newKeyring(t, jwk.ES256), claims())
	for name, s := range map[string]*source{
		"source down":       {err: errors.New("down")},
		"empty":             {},
		"broken":            {text: []byte(`{"keys":[5]}`)},
		"private":           {text: document(t, jwk.ES256)},
		"symmetric: no key": {text: published(t, jwk.HS256)},
		"refresh down":      {text: published(t, jwk.EdDSA), refreshErr: errors.New("down")},
	} {
		_, err := token.NewVerifier(s, config).Verify(t.Context(), raw)
		if !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, token.ErrInvalidToken) {
			t.Errorf("%s: %v; want ErrUnavailable alone", name, err)
		}
	}
}

// TestVerifierNewKey promises that a token of a key published since is taken at once, at the cost of one refresh, and
// that tokens of known keys and misshapen ones cost none.
func TestVerifierNewKey(t *testing.T) {
	s := &source{text: published(t, jwk.ES256), fresh: published(t, jwk.EdDSA)}
	v := token.NewVerifier(s, config)
	for name, raw := range map[string]string{"a known key's": sign(t, newKeyring(t, jwk.ES256), claims()), "misshapen": "a.b.c"} {
		if _, _ = v.Verify(t.Context(), raw); s.refreshes != 0 {
			t.Errorf("%s: %d refreshes", name, s.refreshes)
		}
	}
	raw := sign(t, newKeyring(t, jwk.EdDSA), claims())
	for range 2 {
		if _, err := v.Verify(t.Context(), raw); err != nil || s.refreshes != 1 {
			t.Errorf("%v after %d refreshes", err, s.refreshes)
		}
	}
}
