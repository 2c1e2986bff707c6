package jwk_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/jwk"
)

// TestParseAlgorithm promises exactly five names, in one spelling each.
func TestParseAlgorithm(t *testing.T) {
	for _, name := range []string{"ES256", "RS256", "RS256:3072", "HS256", "EdDSA"} {
		if a, err := jwk.ParseAlgorithm(name); err != nil || string(a) != name {
			t.Errorf("ParseAlgorithm(%q) = %q, %v", name, a, err)
		}
	}
	for _, name := range []string{"", "none", "es256", "RS512", "RS256:1024", "PS256", "ES256 "} {
		if a, err := jwk.ParseAlgorithm(name); err == nil || a != "" {
			t.Errorf("ParseAlgorithm(%q) = %q, want an error", name, a)
		}
	}
}

// TestKeyID promises RFC 7638 thumbprints, computed here after the RFC, and a random id for a symmetric key, whose thumbprint would be a hash of the secret.
func TestKeyID(t *testing.T) {
	thumbprint := map[string]func(k map[string]any) string{
		"EC": func(k map[string]any) string {
			return fmt.Sprintf(`{"crv":"P-256","kty":"EC","x":%q,"y":%q}`, k["x"], k["y"])
		},
		"RSA": func(k map[string]any) string { return fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, k["e"], k["n"]) },
		"OKP": func(k map[string]any) string { return fmt.Sprintf(`{"crv":"Ed25519","kty":"OKP","x":%q}`, k["x"]) },
	}
	for _, a := range asymmetric {
		for _, key := range keys(t, a) {
			k := members(t, key)
			sum := sha256.Sum256([]byte(thumbprint[k["kty"].(string)](k)))
			if want := encode(sum[:]); k["kid"] != want {
				t.Errorf("%s: kid %v, want %s", a, k["kid"], want)
			}
		}
	}
	k := members(t, keys(t, jwk.HS256)[0])
	if id := k["kid"].(string); len(decode(t, id)) != 16 {
		t.Errorf("HS256: kid %q, want 16 random bytes", id)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, `{"k":%q,"kty":"oct"}`, k["k"]))
	if strings.HasPrefix(encode(sum[:]), k["kid"].(string)) {
		t.Error("HS256: kid is made of the secret's hash")
	}
}

// TestSizes promises the key lengths of the algorithms.
func TestSizes(t *testing.T) {
	k := members(t, keys(t, jwk.RS256Long)[0])
	if bits := len(decode(t, k["n"].(string))) * 8; bits != 3072 || k["alg"] != "RS256" {
		t.Errorf("RS256:3072 gives %d bits and alg %v", bits, k["alg"])
	}
	if bits := len(decode(t, members(t, keys(t, jwk.RS256)[0])["n"].(string))) * 8; bits != 2048 {
		t.Errorf("RS256 gives %d bits", bits)
	}
	if n := len(decode(t, members(t, keys(t, jwk.HS256)[0])["k"].(string))); n != 32 {
		t.Errorf("HS256 gives %d bytes", n)
	}
	if _, err := jwk.Generate("none"); err == nil {
		t.Error("a key for the algorithm none")
	}
}

// TestKeyIDsAreNoFlags promises ids that a command cannot take for flags: about eight of 500 would begin with a hyphen.
func TestKeyIDsAreNoFlags(t *testing.T) {
	for range 500 {
		k, err := jwk.Generate(jwk.EdDSA)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(k.ID, "-") {
			t.Fatalf("key id %s", k.ID)
		}
	}
}

// TestKeyOfJWK promises that a JWK is read as the key that wrote it, including its private part, and that optional members
// may be missing.
func TestKeyOfJWK(t *testing.T) {
	for _, a := range all {
		j := keys(t, a)[0].JWK()
		for use, want := range map[string]jwk.JWK{"sig": j, "": j} {
			j.Use = use
			k, err := j.Key()
			if err != nil || k.JWK() != want || !k.CanSign() || k.Algorithm() != a {
				t.Errorf("%s, use %q: %v, %v", a, use, k, err)
			}
		}
	}
}

// TestKeyRefused promises that a JWK that is weak, incomplete or contradictory is refused, and not quoted.
func TestKeyRefused(t *testing.T) {
	set := func(name string, value any) func(key, other map[string]any) {
		return func(key, _ map[string]any) { key[name] = value }
	}
	swap := func(name string) func(key, other map[string]any) {
		return func(key, other map[string]any) { key[name] = other[name] }
	}
	without := func(names ...string) func(key, other map[string]any) {
		return func(key, _ map[string]any) {
			maps.DeleteFunc(key, func(name string, _ any) bool { return slices.Contains(names, name) })
		}
	}
	public := func(bytes int, e string) func(key, other map[string]any) {
		return func(key, _ map[string]any) {
			clear(key)
			maps.Copy(key, publicRSA(bytes, e))
		}
	}
	short := encode(bytes.Repeat([]byte{7}, 31))
	for _, tc := range []struct {
		name      string
		algorithm jwk.Algorithm
		change    func(key, other map[string]any)
	}{
		{"no kid", jwk.ES256, without("kid")},
		{"kid too long", jwk.ES256, set("kid", strings.Repeat("k", 129))},
		{"no alg", jwk.ES256, without("alg")},
		{"alg none", jwk.ES256, set("alg", "none")},
		{"alg of another type", jwk.ES256, set("alg", "RS256")},
		{"alg of another curve", jwk.ES256, set("alg", "ES384")},
		{"alg is ours alone", jwk.RS256, set("alg", "RS256:3072")},
		{"HS256 over an EC key", jwk.ES256, set("alg", "HS256")},
		{"kty of another alg", jwk.ES256, set("kty", "RSA")},
		{"kty missing", jwk.EdDSA, without("kty")},
		{"crv of another alg", jwk.ES256, set("crv", "P-384")},
		{"crv in lower case", jwk.EdDSA, set("crv", "ed25519")},
		{"encryption key", jwk.ES256, set("use", "enc")},
		{"EC public part of another key", jwk.ES256, swap("x")},
		{"EC private part of another key", jwk.ES256, swap("d")},
		{"EC point off the curve", jwk.ES256, func(key, other map[string]any) {
			key["y"] = other["y"]
			delete(key, "d")
		}},
		{"EC private part is zero", jwk.ES256, set("d", encode(make([]byte, 32)))},
		{"EC private part is short", jwk.ES256, set("d", short)},
		{"EC with RSA members", jwk.ES256, set("n", "AQAB")},
		{"RSA without its primes", jwk.RS256, without("p", "q", "dp", "dq", "qi")},
		{"RSA without one CRT member", jwk.RS256, without("qi")},
		{"RSA CRT member of another key", jwk.RS256, swap("dp")},
		{"RSA modulus of another key", jwk.RS256, swap("n")},
		{"RSA exponent 3", jwk.RS256, public(256, "Aw")},
		{"RSA exponent even", jwk.RS256, public(256, "AQAA")},
		{"RSA exponent huge", jwk.RS256, public(256, encode(bytes.Repeat([]byte{255}, 8)))},
		{"RSA of 2040 bits", jwk.RS256, public(255, "AQAB")},
		{"RSA of 4104 bits", jwk.RS256, public(513, "AQAB")},
		{"RSA with leading zeros", jwk.RS256, set("e", "AAEAAQ")},
		{"Ed25519 public part of another key", jwk.EdDSA, swap("x")},
		{"Ed25519 private part is short", jwk.EdDSA, set("d", short)},
		{"HS256 of 31 bytes", jwk.HS256, set("k", short)},
		{"HS256 empty", jwk.HS256, set("k", "")},
		{"HS256 in standard base64", jwk.HS256, set("k", strings.Repeat("+/", 24))},
		{"HS256 with a public part", jwk.HS256, set("x", short)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			two := keys(t, tc.algorithm)
			m := members(t, two[0])
			tc.change(m, members(t, two[1]))
			_, err := jwkOf(t, m).Key()
			if err == nil {
				t.Fatal("accepted")
			}
			for name, value := range m {
				if text := value.(string); len(text) > 8 && strings.Contains(err.Error(), text) {
					t.Errorf("the error quotes %s: %v", name, err)
				}
			}
		})
	}
}

// TestStrongRSA shows that the weak keys above are refused for being weak.
func TestStrongRSA(t *testing.T) {
	for _, size := range []int{256, 384, 512} {
		if _, err := jwkOf(t, publicRSA(size, "AQAB")).Key(); err != nil {
			t.Errorf("RSA of %d bytes: %v", size, err)
		}
	}
}

// publicRSA returns a key whose modulus has this many bytes.
func publicRSA(size int, e string) map[string]any {
	n := encode(bytes.Repeat([]byte{255}, size))
	return map[string]any{"kty": "RSA", "kid": "one", "alg": "RS256", "use": "sig", "n": n, "e": e}
}

// TestSignatures promises that a signature verifies only with its key and its text, and that a key without its private
// part can still verify.
func TestSignatures(t *testing.T) {
	for _, a := range all {
		k, other := keys(t, a)[0], keys(t, a)[1]
		signature, err := k.Sign("text")
		if err != nil {
			t.Fatalf("%s: %v", a, err)
		}
		v := k.VerifyOnly()
		if !k.Verify("text", signature) || !v.Verify("text", signature) {
			t.Errorf("%s: does not verify", a)
		}
		if v.Verify("texts", signature) || other.Verify("text", signature) || v.Verify("text", signature[1:]) || v.Verify("text", nil) {
			t.Errorf("%s: verifies what was not signed", a)
		}
		if v.CanSign() != (a == jwk.HS256) || !k.CanSign() {
			t.Errorf("%s: can sign: %v, and %v without the private part", a, k.CanSign(), v.CanSign())
		}
		if _, err := v.Sign("text"); (err == nil) != v.CanSign() {
			t.Errorf("%s: signs without the private part: %v", a, err)
		}
	}
}

// TestPrinting promises that no verb prints the private part.
func TestPrinting(t *testing.T) {
	k := keys(t, jwk.HS256)[0]
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, k); got != "key "+k.ID {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}
