package keyring_test

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"

	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
)

// TestNoRing promises ErrNoRing for what a secret may hold before there is a ring, with any space in it.
func TestNoRing(t *testing.T) {
	for _, text := range []string{"", " \n", "{}", "{ }\n", "\t{\r\n}"} {
		if _, err := keyring.Parse([]byte(text)); !errors.Is(err, keyring.ErrNoRing) {
			t.Errorf("Parse(%q) = %v, want ErrNoRing", text, err)
		}
	}
}

// TestMalformed promises that whatever is not a whole, strong ring is refused, is not taken for an absent one,
// and is reported without a word from the document.
func TestMalformed(t *testing.T) {
	type edit struct {
		name      string
		algorithm jwk.Algorithm
		change    func(r *authtest.RingJSON, current, next map[string]any)
	}
	set := func(name string, value any) func(*authtest.RingJSON, map[string]any, map[string]any) {
		return func(_ *authtest.RingJSON, current, _ map[string]any) { current[name] = value }
	}
	swap := func(name string) func(*authtest.RingJSON, map[string]any, map[string]any) {
		return func(_ *authtest.RingJSON, current, next map[string]any) { current[name] = next[name] }
	}
	without := func(names ...string) func(*authtest.RingJSON, map[string]any, map[string]any) {
		return func(_ *authtest.RingJSON, current, _ map[string]any) {
			for _, name := range names {
				delete(current, name)
			}
		}
	}
	short := encode(bytes.Repeat([]byte{7}, 31))
	for _, tc := range []edit{
		{"no current", jwk.ES256, func(r *authtest.RingJSON, _, _ map[string]any) { r.Current = "" }},
		{"unknown current", jwk.ES256, func(r *authtest.RingJSON, _, _ map[string]any) { r.Current = "elsewhere" }},
		{"no next", jwk.ES256, func(r *authtest.RingJSON, _, _ map[string]any) { r.Next = "" }},
		{"next is current", jwk.ES256, func(r *authtest.RingJSON, _, _ map[string]any) { r.Next = r.Current }},
		{"no keys", jwk.ES256, func(r *authtest.RingJSON, _, _ map[string]any) { r.Keys = nil }},
		{"short macKey", jwk.ES256, func(r *authtest.RingJSON, _, _ map[string]any) { r.MACKey = short }},
		{"no macKey", jwk.ES256, func(r *authtest.RingJSON, _, _ map[string]any) { r.MACKey = "" }},
		{"padded macKey", jwk.ES256, func(r *authtest.RingJSON, _, _ map[string]any) { r.MACKey += "=" }},
		{"line break in macKey", jwk.ES256, func(r *authtest.RingJSON, _, _ map[string]any) { r.MACKey += "\n" }},
		{"duplicate kid", jwk.ES256, func(r *authtest.RingJSON, current, _ map[string]any) { r.Keys = append(r.Keys, current) }},
		{"no kid", jwk.ES256, without("kid")},
		{"kid a number", jwk.ES256, set("kid", 5)},
		{"text as a time", jwk.ES256, set("createdAt", "yesterday")},
		{"EC without its private part", jwk.ES256, without("d")},
		{"EC public part of another key", jwk.ES256, swap("x")},
		{"RSA without its private part", jwk.RS256, without("d", "p", "q", "dp", "dq", "qi")},
		{"weak previous key", jwk.RS256, func(r *authtest.RingJSON, current, _ map[string]any) {
			weak := maps.Clone(current)
			weak["kid"], weak["e"] = "previous", "Aw"
			r.Keys = append(r.Keys, weak)
		}},
		{"Ed25519 without its private part", jwk.EdDSA, without("d")},
		{"HS256 of 31 bytes", jwk.HS256, set("k", short)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc := authtest.DecodeRing(t, document(t, tc.algorithm))
			tc.change(&doc, doc.Keys[0], doc.Keys[1])
			refused(t, doc.Encode(t), doc)
		})
	}
}

// TestNotJSON promises the same for documents that are not a JSON object like a ring.
func TestNotJSON(t *testing.T) {
	doc := authtest.DecodeRing(t, document(t, jwk.ES256))
	good := string(document(t, jwk.ES256))
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

func refused(t *testing.T, text []byte, doc authtest.RingJSON) {
	t.Helper()
	_, err := keyring.Parse(text)
	if err == nil || errors.Is(err, keyring.ErrNoRing) {
		t.Fatalf("got %v, want an error of its own", err)
	}
	for _, secret := range secrets(doc) {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error quotes the document: %v", err)
		}
	}
}

func secrets(doc authtest.RingJSON) []string {
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
	doc := authtest.DecodeRing(t, document(t, jwk.ES256))
	for _, k := range doc.Keys {
		delete(k, "use")
		delete(k, "createdAt")
		delete(k, "activatedAt")
		k["key_ops"] = []string{"sign"}
	}
	doc.Keys[0]["kid"], doc.Current = "a name of one's own", "a name of one's own"
	r, err := keyring.Parse(doc.Encode(t))
	if err != nil {
		t.Fatal(err)
	}
	if facts := r.Facts()[0]; facts.KeyID != doc.Current || !facts.CreatedAt.IsZero() {
		t.Errorf("facts: %+v", facts)
	}
}

// FuzzParse promises no panic, and that what is accepted is a ring: written and read again it is the same.
func FuzzParse(f *testing.F) {
	for _, a := range all {
		f.Add(document(f, a))
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","alg":"RS256","n":"","e":"AQAB","d":"AA","p":"","q":"AQ"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := keyring.Parse(text)
		if err != nil {
			return
		}
		once, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if r, err = keyring.Parse(once); err != nil {
			t.Fatalf("refuses what it wrote: %v", err)
		}
		if twice, err := r.Marshal(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("writes something else the second time: %v", err)
		}
	})
}
