package jwk_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/jwk"
)

// TestSetAsPublished promises that a published set can be read and is written again byte for byte.
func TestSetAsPublished(t *testing.T) {
	for _, a := range all {
		text := published(t, a)
		s, err := jwk.ParseSet(text)
		if err != nil {
			t.Fatalf("%s: %v", a, err)
		}
		again, err := s.Marshal()
		if err != nil || string(again) != string(text) {
			t.Errorf("%s: %s, %v; want %s", a, again, err, text)
		}
		want := []string{string(a)}
		if a == jwk.HS256 {
			want = []string{}
		}
		if diff := cmp.Diff(want, s.Algorithms()); diff != "" {
			t.Errorf("%s: algorithms (-want +got):\n%s", a, diff)
		}
	}
}

// TestSetSkips promises that keys of unknown kinds do not affect the others.
func TestSetSkips(t *testing.T) {
	good := entries(t, published(t, jwk.ES256))
	rsa := entries(t, published(t, jwk.RS256))[0]
	for name, odd := range map[string]map[string]any{
		"a kty of the future": {"kty": "AKP", "kid": "future", "alg": "ML-DSA-44", "pub": "AA"},
		"another alg":         with(with(rsa, "alg", "RS512"), "kid", "other"),
		"PS256":               with(with(rsa, "alg", "PS256"), "kid", "other"),
		"no alg":              with(with(rsa, "alg", nil), "kid", "other"),
		"for encryption":      with(with(rsa, "use", "enc"), "kid", "other"),
		"no kid":              with(rsa, "kid", nil),
		"empty kid":           with(rsa, "kid", ""),
	} {
		s, err := jwk.ParseSet(setOf(t, good[0], odd, good[1]))
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

// TestSetMembers promises that only public members of a stored set are returned, and that use may be missing.
func TestSetMembers(t *testing.T) {
	good := entries(t, published(t, jwk.ES256))[0]
	full := maps.Clone(good)
	maps.Copy(full, map[string]any{"x5c": []string{"AA"}, "x5u": "https://evil.example", "key_ops": []string{"sign"}, "note": 5})
	delete(full, "use")
	s, err := jwk.ParseSet(setOf(t, full))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := s.Marshal()
	if diff := cmp.Diff([]map[string]any{good}, entries(t, text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSetRefused promises that a set with a key that must never be published, or with a malformed one, is refused as a whole,
// and not quoted.
func TestSetRefused(t *testing.T) {
	ec, rsa := entries(t, published(t, jwk.ES256))[0], entries(t, published(t, jwk.RS256))[0]
	okp := entries(t, published(t, jwk.EdDSA))[0]
	private := members(t, keys(t, jwk.RS256)[0])
	symmetric := members(t, keys(t, jwk.HS256)[0])
	sets := map[string][]byte{
		"nothing": nil, "empty object": []byte(`{}`), "null": []byte(`null`), "array": []byte(`[]`), "text": []byte(`"keys"`),
		"keys null": []byte(`{"keys":null}`), "keys object": []byte(`{"keys":{}}`), "Keys": []byte(`{"Keys":[]}`),
		"keys twice": []byte(`{"keys":[],"keys":[]}`), "trailing": []byte(`{"keys":[]}x`), "key null": []byte(`{"keys":[5]}`),
		"not UTF-8":     []byte("{\"keys\":[],\"x\":\"\xff\"}"),
		"too long":      []byte(`{"keys":[],"x":"` + strings.Repeat("x", 64<<10) + `"}`),
		"kid twice":     setOf(t, ec, with(rsa, "kid", ec["kid"])),
		"kid of a skip": setOf(t, ec, map[string]any{"kty": "AKP", "kid": ec["kid"]}),
		"kid number":    setOf(t, with(ec, "kid", 5)),
		"kid long":      setOf(t, with(ec, "kid", strings.Repeat("k", 129))),
		"member twice":  []byte(strings.Replace(string(setOf(t, ec)), `"kty"`, `"kty":"oct","kty"`, 1)),
		"symmetric":     setOf(t, ec, symmetric),
		"oct without k": setOf(t, ec, with(symmetric, "k", nil)),
		"oct, no alg":   setOf(t, ec, with(with(symmetric, "k", nil), "alg", nil)),
		"HS256 of RSA":  setOf(t, with(rsa, "alg", "HS256")),
		"a private key": setOf(t, members(t, keys(t, jwk.ES256)[0])),
		"ES256 of RSA":  setOf(t, with(rsa, "alg", "ES256")),
		"RS256 of EC":   setOf(t, with(ec, "alg", "RS256")),
		"P-384":         setOf(t, with(ec, "crv", "P-384")),
		"off the curve": setOf(t, with(ec, "x", ec["y"])),
		"x missing":     setOf(t, with(ec, "x", nil)),
		"x padded":      setOf(t, with(ec, "x", ec["x"].(string)+"=")),
		"n in an EC":    setOf(t, with(ec, "n", rsa["n"])),
		"short RSA":     setOf(t, with(rsa, "n", rsa["n"].(string)[:171])),
		"e of 3":        setOf(t, with(rsa, "e", "Aw")),
		"e missing":     setOf(t, with(rsa, "e", nil)),
		"short OKP":     setOf(t, with(okp, "x", "AAAA")),
		"X25519":        setOf(t, with(okp, "crv", "X25519")),
	}
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
		sets["private "+member] = setOf(t, ec, with(rsa, member, private["d"]))
		sets["empty "+member] = setOf(t, ec, with(rsa, member, ""))
		sets["number "+member] = setOf(t, ec, with(rsa, member, 1))
		sets["private "+member+" of a skipped key"] = setOf(t, ec, map[string]any{"kty": "AKP", "kid": "x", member: "AA"})
	}
	secrets := []string{private["d"].(string), symmetric["k"].(string), ec["x"].(string), rsa["n"].(string)}
	for name, text := range sets {
		s, err := jwk.ParseSet(text)
		if err == nil {
			kept, _ := s.Marshal()
			t.Errorf("%s: accepted as %s", name, kept)
			continue
		}
		if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(err.Error(), s[:20]) }) {
			t.Errorf("%s: the error quotes the set: %v", name, err)
		}
	}
}

// TestSetAt promises that a set is served without retired keys and without the times of keys.
func TestSetAt(t *testing.T) {
	two, retires := keys(t, jwk.ES256), now.Add(30*24*time.Hour)
	two[0].RetireAt = retires.Unix()
	text, err := jwk.MarshalPublic(two[:])
	if err != nil {
		t.Fatal(err)
	}
	if end := entries(t, text)[0]["exp"]; end != float64(retires.Unix()) {
		t.Errorf("is kept with exp %v, want %v", end, retires.Unix())
	}
	set, err := jwk.ParseSet(text)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time][]string{retires.Add(-time.Second): {two[0].ID, two[1].ID}, retires: {two[1].ID}} {
		live := set.At(at)
		text, err := live.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, k := range entries(t, text) {
			got = append(got, k["kid"].(string))
			if k["exp"] != nil {
				t.Errorf("serves exp of %v", k["kid"])
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at %v (-want +got):\n%s", at, diff)
		}
		if _, known := live.Key(two[0].ID); known != (len(want) == 2) {
			t.Errorf("at %v it verifies by the retired key: %v", at, known)
		}
	}
	if k, known := set.Key(two[0].ID); !known || k.Retired(retires.Add(-time.Second)) || !k.Retired(retires) || k.CanSign() {
		t.Errorf("the key to verify with: known %v, retires at %d", known, k.RetireAt)
	}
}

// FuzzParseSet promises that no text makes the parser panic, that it returns no private member, and that it reads what it
// writes.
func FuzzParseSet(f *testing.F) {
	for _, a := range asymmetric {
		f.Add(published(f, a))
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","kid":"a","alg":"HS256","k":"AA"},{"kty":"AKP","kid":"b"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := jwk.ParseSet(text)
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
		again, err := jwk.ParseSet(once)
		if err != nil {
			t.Fatalf("%q was written as %s: %v", text, once, err)
		}
		if twice, _ := again.Marshal(); string(twice) != string(once) {
			t.Fatalf("%s became %s", once, twice)
		}
	})
}
