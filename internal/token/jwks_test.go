package token_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/token"
)

// published returns the public JWKS of the algorithm's ring.
func published(t testing.TB, a token.Algorithm) []byte {
	t.Helper()
	r, err := token.ParseRing(document(t, a))
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// entries are the keys of a JWK Set as plain JSON, for tests to change.
func entries(t testing.TB, jwks []byte) []map[string]any {
	t.Helper()
	return decodeRing(t, jwks).Keys
}

func jwksOf(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// with returns a copy of the key with the member set, or without it where the value is nil.
func with(key map[string]any, member string, value any) map[string]any {
	changed := maps.Clone(key)
	if changed[member] = value; value == nil {
		delete(changed, member)
	}
	return changed
}

// TestJWKSAsPublished promises that what a ring publishes is read and written again, byte for byte.
func TestJWKSAsPublished(t *testing.T) {
	for _, a := range all {
		text := published(t, a)
		s, err := token.ParseJWKS(text)
		if err != nil {
			t.Fatalf("%s: %v", a, err)
		}
		again, err := s.Marshal()
		if err != nil || string(again) != string(text) {
			t.Errorf("%s: %s, %v; want %s", a, again, err, text)
		}
		want := []string{string(a)}
		if a == token.HS256 {
			want = []string{}
		}
		if diff := cmp.Diff(want, s.Algorithms()); diff != "" {
			t.Errorf("%s: algorithms (-want +got):\n%s", a, diff)
		}
	}
}

// TestJWKSSkips promises that keys of kinds we do not know cost nobody the others.
func TestJWKSSkips(t *testing.T) {
	good := entries(t, published(t, token.ES256))
	rsa := entries(t, published(t, token.RS256))[0]
	for name, odd := range map[string]map[string]any{
		"a kty of the future": {"kty": "AKP", "kid": "future", "alg": "ML-DSA-44", "pub": "AA"},
		"another alg":         with(with(rsa, "alg", "RS512"), "kid", "other"),
		"PS256":               with(with(rsa, "alg", "PS256"), "kid", "other"),
		"no alg":              with(with(rsa, "alg", nil), "kid", "other"),
		"for encryption":      with(with(rsa, "use", "enc"), "kid", "other"),
		"no kid":              with(rsa, "kid", nil),
		"empty kid":           with(rsa, "kid", ""),
	} {
		s, err := token.ParseJWKS(jwksOf(t, good[0], odd, good[1]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, _ := s.Marshal()
		if diff := cmp.Diff(good, entries(t, text)); diff != "" {
			t.Errorf("%s: the others changed (-want +got):\n%s", name, diff)
		}
	}
}

// TestJWKSMembers promises that only public members come out of what is kept, and that use may be left out.
func TestJWKSMembers(t *testing.T) {
	good := entries(t, published(t, token.ES256))[0]
	full := maps.Clone(good)
	maps.Copy(full, map[string]any{"x5c": []string{"AA"}, "x5u": "https://evil.example", "key_ops": []string{"sign"}, "note": 5})
	delete(full, "use")
	s, err := token.ParseJWKS(jwksOf(t, full))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := s.Marshal()
	if diff := cmp.Diff([]map[string]any{good}, entries(t, text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestJWKSRefused promises that a set with a key that nobody should ever see published, or that is broken, is refused
// whole, in words that quote none of it.
func TestJWKSRefused(t *testing.T) {
	ec, rsa := entries(t, published(t, token.ES256))[0], entries(t, published(t, token.RS256))[0]
	okp := entries(t, published(t, token.EdDSA))[0]
	private := decodeRing(t, document(t, token.RS256)).Keys[0]
	symmetric := decodeRing(t, document(t, token.HS256)).Keys[0]
	sets := map[string][]byte{
		"nothing": nil, "empty object": []byte(`{}`), "null": []byte(`null`), "array": []byte(`[]`), "text": []byte(`"keys"`),
		"keys null": []byte(`{"keys":null}`), "keys object": []byte(`{"keys":{}}`), "Keys": []byte(`{"Keys":[]}`),
		"keys twice": []byte(`{"keys":[],"keys":[]}`), "trailing": []byte(`{"keys":[]}x`), "key null": []byte(`{"keys":[5]}`),
		"not UTF-8":     []byte("{\"keys\":[],\"x\":\"\xff\"}"),
		"too long":      []byte(`{"keys":[],"x":"` + strings.Repeat("x", 64<<10) + `"}`),
		"kid twice":     jwksOf(t, ec, with(rsa, "kid", ec["kid"])),
		"kid of a skip": jwksOf(t, ec, map[string]any{"kty": "AKP", "kid": ec["kid"]}),
		"kid number":    jwksOf(t, with(ec, "kid", 5)),
		"kid long":      jwksOf(t, with(ec, "kid", strings.Repeat("k", 129))),
		"member twice":  []byte(strings.Replace(string(jwksOf(t, ec)), `"kty"`, `"kty":"oct","kty"`, 1)),
		"symmetric":     jwksOf(t, ec, symmetric),
		"oct without k": jwksOf(t, ec, with(symmetric, "k", nil)),
		"oct, no alg":   jwksOf(t, ec, with(with(symmetric, "k", nil), "alg", nil)),
		"HS256 of RSA":  jwksOf(t, with(rsa, "alg", "HS256")),
		"the ring":      document(t, token.ES256),
		"ES256 of RSA":  jwksOf(t, with(rsa, "alg", "ES256")),
		"RS256 of EC":   jwksOf(t, with(ec, "alg", "RS256")),
		"P-384":         jwksOf(t, with(ec, "crv", "P-384")),
		"off the curve": jwksOf(t, with(ec, "x", ec["y"])),
		"x missing":     jwksOf(t, with(ec, "x", nil)),
		"x padded":      jwksOf(t, with(ec, "x", ec["x"].(string)+"=")),
		"n in an EC":    jwksOf(t, with(ec, "n", rsa["n"])),
		"short RSA":     jwksOf(t, with(rsa, "n", rsa["n"].(string)[:171])),
		"e of 3":        jwksOf(t, with(rsa, "e", "Aw")),
		"e missing":     jwksOf(t, with(rsa, "e", nil)),
		"short OKP":     jwksOf(t, with(okp, "x", "AAAA")),
		"X25519":        jwksOf(t, with(okp, "crv", "X25519")),
	}
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
		sets["private "+member] = jwksOf(t, ec, with(rsa, member, private["d"]))
		sets["empty "+member] = jwksOf(t, ec, with(rsa, member, ""))
		sets["number "+member] = jwksOf(t, ec, with(rsa, member, 1))
		sets["private "+member+" of a skipped key"] = jwksOf(t, ec, map[string]any{"kty": "AKP", "kid": "x", member: "AA"})
	}
	secrets := []string{private["d"].(string), symmetric["k"].(string), ec["x"].(string), rsa["n"].(string)}
	for name, text := range sets {
		s, err := token.ParseJWKS(text)
		if err == nil {
			kept, _ := s.Marshal()
			t.Errorf("%s: taken as %s", name, kept)
			continue
		}
		if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(err.Error(), s[:20]) }) {
			t.Errorf("%s: the error quotes the set: %v", name, err)
		}
	}
}

// FuzzParseJWKS promises that no text makes the parser panic, that no private member comes out of it, and that what it
// writes it reads again.
func FuzzParseJWKS(f *testing.F) {
	for _, a := range asymmetric {
		f.Add(published(f, a))
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","kid":"a","alg":"HS256","k":"AA"},{"kty":"AKP","kid":"b"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := token.ParseJWKS(text)
		if err != nil {
			return
		}
		once, err := s.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range entries(t, once) {
			for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
				if _, is := key[member]; is {
					t.Fatalf("%s came out of %q", member, text)
				}
			}
		}
		again, err := token.ParseJWKS(once)
		if err != nil {
			t.Fatalf("%q was written as %s: %v", text, once, err)
		}
		if twice, _ := again.Marshal(); string(twice) != string(once) {
			t.Fatalf("%s became %s", once, twice)
		}
	})
}
