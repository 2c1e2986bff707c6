package token_test

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"

	"latchkey/internal/token"
)

func TestNoRing(t *testing.T) {
	for _, text := range []string{"", " \n", "{}", "{ }\n", "\t{\r\n}"} {
		if _, err := token.ParseRing([]byte(text)); !errors.Is(err, token.ErrNoRing) {
			t.Errorf("ParseRing(%q) = %v, want ErrNoRing", text, err)
		}
	}
}

// TestMalformed promises that whatever is not a whole, strong ring is refused, is not taken for an absent one,
// and is reported without a word from the document.
func TestMalformed(t *testing.T) {
	type edit struct {
		name      string
		algorithm token.Algorithm
		change    func(r *ringJSON, current, next map[string]any)
	}
	set := func(name string, value any) func(*ringJSON, map[string]any, map[string]any) {
		return func(_ *ringJSON, current, _ map[string]any) { current[name] = value }
	}
	swap := func(name string) func(*ringJSON, map[string]any, map[string]any) {
		return func(_ *ringJSON, current, next map[string]any) { current[name] = next[name] }
	}
	without := func(names ...string) func(*ringJSON, map[string]any, map[string]any) {
		return func(_ *ringJSON, current, _ map[string]any) {
			for _, name := range names {
				delete(current, name)
			}
		}
	}
	previous := func(bytes int, e string) func(*ringJSON, map[string]any, map[string]any) {
		return func(r *ringJSON, _, _ map[string]any) { r.Keys = append(r.Keys, publicRSA(bytes, e)) }
	}
	short := encode(bytes.Repeat([]byte{7}, 31))
	for _, tc := range []edit{
		{"no current", token.ES256, func(r *ringJSON, _, _ map[string]any) { r.Current = "" }},
		{"unknown current", token.ES256, func(r *ringJSON, _, _ map[string]any) { r.Current = "elsewhere" }},
		{"no next", token.ES256, func(r *ringJSON, _, _ map[string]any) { r.Next = "" }},
		{"next is current", token.ES256, func(r *ringJSON, _, _ map[string]any) { r.Next = r.Current }},
		{"no keys", token.ES256, func(r *ringJSON, _, _ map[string]any) { r.Keys = nil }},
		{"short macKey", token.ES256, func(r *ringJSON, _, _ map[string]any) { r.MACKey = short }},
		{"no macKey", token.ES256, func(r *ringJSON, _, _ map[string]any) { r.MACKey = "" }},
		{"padded macKey", token.ES256, func(r *ringJSON, _, _ map[string]any) { r.MACKey += "=" }},
		{"line break in macKey", token.ES256, func(r *ringJSON, _, _ map[string]any) { r.MACKey += "\n" }},
		{"duplicate kid", token.ES256, func(r *ringJSON, current, _ map[string]any) { r.Keys = append(r.Keys, current) }},
		{"no kid", token.ES256, without("kid")},
		{"kid a number", token.ES256, set("kid", 5)},
		{"kid too long", token.ES256, func(r *ringJSON, current, _ map[string]any) {
			r.Current = strings.Repeat("k", 129)
			current["kid"] = r.Current
		}},
		{"no alg", token.ES256, without("alg")},
		{"alg none", token.ES256, set("alg", "none")},
		{"alg of another type", token.ES256, set("alg", "RS256")},
		{"alg of another curve", token.ES256, set("alg", "ES384")},
		{"alg is ours alone", token.RS256, set("alg", "RS256:3072")},
		{"HS256 over an EC key", token.ES256, set("alg", "HS256")},
		{"kty of another alg", token.ES256, set("kty", "RSA")},
		{"kty missing", token.EdDSA, without("kty")},
		{"crv of another alg", token.ES256, set("crv", "P-384")},
		{"crv in lower case", token.EdDSA, set("crv", "ed25519")},
		{"encryption key", token.ES256, set("use", "enc")},
		{"text as a time", token.ES256, set("createdAt", "yesterday")},
		{"EC without its private part", token.ES256, without("d")},
		{"EC public part of another key", token.ES256, swap("x")},
		{"EC private part of another key", token.ES256, swap("d")},
		{"EC point off the curve", token.ES256, func(_ *ringJSON, current, next map[string]any) {
			current["y"] = next["y"]
			delete(current, "d")
		}},
		{"EC private part is zero", token.ES256, set("d", encode(make([]byte, 32)))},
		{"EC private part is short", token.ES256, set("d", short)},
		{"EC with RSA members", token.ES256, set("n", "AQAB")},
		{"RSA without its private part", token.RS256, without("d", "p", "q", "dp", "dq", "qi")},
		{"RSA without its primes", token.RS256, without("p", "q", "dp", "dq", "qi")},
		{"RSA without one CRT member", token.RS256, without("qi")},
		{"RSA CRT member of another key", token.RS256, swap("dp")},
		{"RSA modulus of another key", token.RS256, swap("n")},
		{"RSA exponent 3", token.ES256, previous(256, "Aw")},
		{"RSA exponent even", token.ES256, previous(256, "AQAA")},
		{"RSA exponent huge", token.ES256, previous(256, encode(bytes.Repeat([]byte{255}, 8)))},
		{"RSA of 2040 bits", token.ES256, previous(255, "AQAB")},
		{"RSA of 4104 bits", token.ES256, previous(513, "AQAB")},
		{"RSA with leading zeros", token.RS256, func(_ *ringJSON, current, _ map[string]any) { current["e"] = "AAEAAQ" }},
		{"Ed25519 without its private part", token.EdDSA, without("d")},
		{"Ed25519 public part of another key", token.EdDSA, swap("x")},
		{"Ed25519 private part is short", token.EdDSA, set("d", short)},
		{"HS256 of 31 bytes", token.HS256, set("k", short)},
		{"HS256 empty", token.HS256, set("k", "")},
		{"HS256 in standard base64", token.HS256, set("k", strings.Repeat("+/", 24))},
		{"HS256 with a public part", token.HS256, set("x", short)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc := decodeRing(t, document(t, tc.algorithm))
			tc.change(&doc, doc.Keys[0], doc.Keys[1])
			refused(t, doc.encode(t), doc)
		})
	}
}

// publicRSA is a previous key whose modulus has so many bytes.
func publicRSA(size int, e string) map[string]any {
	n := encode(bytes.Repeat([]byte{255}, size))
	return map[string]any{"kty": "RSA", "kid": "previous", "alg": "RS256", "use": "sig", "n": n, "e": e}
}

// TestStrongPrevious shows that the weak keys above are refused for being weak.
func TestStrongPrevious(t *testing.T) {
	for _, size := range []int{256, 384, 512} {
		doc := decodeRing(t, document(t, token.ES256))
		doc.Keys = append(doc.Keys, publicRSA(size, "AQAB"))
		if _, err := token.ParseRing(doc.encode(t)); err != nil {
			t.Errorf("RSA of %d bytes: %v", size, err)
		}
	}
}

// TestNotJSON promises the same for documents that are no JSON object of the ring's shape.
func TestNotJSON(t *testing.T) {
	doc := decodeRing(t, document(t, token.ES256))
	good := string(document(t, token.ES256))
	for name, text := range map[string]string{
		"null": "null", "array": "[]", "text": `"{}"`, "other secret": `{"username":"a","password":"b"}`,
		"cut":              good[:len(good)-9],
		"trailing":         good + "{}",
		"duplicate member": strings.Replace(good, `"macKey"`, `"next":"x","macKey"`, 1),
		"duplicate in key": strings.Replace(good, `"d":`, `"d":"AA","d":`, 1),
		"other case":       strings.Replace(good, `"current"`, `"Current"`, 1),
		"not UTF-8":        strings.Replace(good, `"use":"sig"`, "\"use\":\"\xff\"", 1),
		"number as text":   strings.Replace(good, `"d":"`, `"d":["`, 1),
		"bare secret":      doc.MACKey,
		"secret as number": strings.Replace(good, `"createdAt":`, `"createdAt":"`+doc.MACKey+`","x-createdAt":`, 1),
	} {
		t.Run(name, func(t *testing.T) { refused(t, []byte(text), doc) })
	}
}

func refused(t *testing.T, text []byte, doc ringJSON) {
	t.Helper()
	_, err := token.ParseRing(text)
	if err == nil || errors.Is(err, token.ErrNoRing) {
		t.Fatalf("got %v, want an error of its own", err)
	}
	for _, secret := range secrets(doc) {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error quotes the document: %v", err)
		}
	}
}

func secrets(doc ringJSON) []string {
	found := []string{}
	if doc.MACKey != "" {
		found = append(found, doc.MACKey)
	}
	for _, k := range doc.Keys {
		for name := range maps.Keys(k) {
			if value, ok := k[name].(string); ok && name != "kid" && len(value) > 8 {
				found = append(found, value)
			}
		}
	}
	return found
}

// TestLenient promises what other tools and later versions may do: leave out what is optional, add what we do not know.
func TestLenient(t *testing.T) {
	doc := decodeRing(t, document(t, token.ES256))
	for _, k := range doc.Keys {
		delete(k, "use")
		delete(k, "createdAt")
		delete(k, "activatedAt")
		k["key_ops"] = []string{"sign"}
	}
	doc.Keys[0]["kid"], doc.Current = "a name of one's own", "a name of one's own"
	r, err := token.ParseRing(doc.encode(t))
	if err != nil {
		t.Fatal(err)
	}
	if facts := r.Facts()[0]; facts.KeyID != doc.Current || !facts.CreatedAt.IsZero() {
		t.Errorf("facts: %+v", facts)
	}
}

// FuzzParseRing promises no panic, and that what is accepted is a ring: written and read again it is the same.
func FuzzParseRing(f *testing.F) {
	for _, a := range all {
		f.Add(document(f, a))
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","alg":"RS256","n":"","e":"AQAB","d":"AA","p":"","q":"AQ"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := token.ParseRing(text)
		if err != nil {
			return
		}
		once, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if r, err = token.ParseRing(once); err != nil {
			t.Fatalf("refuses what it wrote: %v", err)
		}
		if twice, err := r.Marshal(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("writes something else the second time: %v", err)
		}
	})
}
