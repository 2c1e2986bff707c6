package keyring_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

// TestNewRing promises the document: two private keys with their own names and times, and a MAC key.
func TestNewRing(t *testing.T) {
	members := map[string]string{
		"EC": "crv x y d", "RSA": "n e d p q dp dq qi", "OKP": "crv x d", "oct": "k",
	}
	for _, a := range all {
		t.Run(string(a), func(t *testing.T) {
			r := authtest.DecodeRing(t, document(t, a))
			if len(r.Keys) != 2 || r.Current == r.Next || r.Keys[0]["kid"] != r.Current || r.Keys[1]["kid"] != r.Next {
				t.Fatalf("want the current and the next key, got %v and %v of %d", r.Current, r.Next, len(r.Keys))
			}
			if n := len(decode(t, r.MACKey)); n != 32 {
				t.Errorf("macKey has %d bytes, want 32", n)
			}
			for i, k := range r.Keys {
				want := append(strings.Fields(members[k["kty"].(string)]), "kty", "kid", "alg", "use", "createdAt")
				if i == 0 {
					want = append(want, "activatedAt")
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, slices.Sorted(maps.Keys(k))); diff != "" {
					t.Errorf("members (-want +got):\n%s", diff)
				}
				if k["alg"] != string(a) || k["use"] != "sig" || k["createdAt"] != float64(now.Add(-time.Hour).Unix()) {
					t.Errorf("alg %v, use %v, createdAt %v", k["alg"], k["use"], k["createdAt"])
				}
			}
		})
	}
}

// TestRoundTrip promises that parsing and encoding again changes no byte.
func TestRoundTrip(t *testing.T) {
	for _, a := range all {
		text := document(t, a)
		r, err := keyring.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", a, err)
		}
		again, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, again) {
			t.Errorf("%s: the document changed", a)
		}
	}
}

// withPrevious is a ring in mid-life, of three algorithms; the previous key still has its private part.
func withPrevious(t *testing.T) authtest.RingJSON {
	t.Helper()
	r, old, next := authtest.DecodeRing(t, document(t, jwk.ES256)), authtest.DecodeRing(t, document(t, jwk.RS256)), authtest.DecodeRing(t, document(t, jwk.HS256))
	old.Keys[0]["retireAt"] = now.Add(time.Hour).Unix()
	r.Keys = []map[string]any{old.Keys[0], r.Keys[0], next.Keys[0]}
	r.Next = next.Current
	return r
}

// TestFacts promises states and times for `keys list`.
func TestFacts(t *testing.T) {
	doc := withPrevious(t)
	r, err := keyring.Parse(doc.Encode(t))
	if err != nil {
		t.Fatal(err)
	}
	made := now.Add(-time.Hour)
	want := []keyring.KeyFacts{
		{KeyID: doc.Keys[0]["kid"].(string), Algorithm: "RS256", State: keyring.Previous, CreatedAt: made, ActivatedAt: made, RetireAt: now.Add(time.Hour)},
		{KeyID: doc.Current, Algorithm: "ES256", State: keyring.Current, CreatedAt: made, ActivatedAt: made},
		{KeyID: doc.Next, Algorithm: "HS256", State: keyring.Next, CreatedAt: made, ActivatedAt: made},
	}
	if diff := cmp.Diff(want, r.Facts()); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

// TestPreviousIsPublic promises that a previous key's private part does not survive reading.
func TestPreviousIsPublic(t *testing.T) {
	doc := withPrevious(t)
	r, err := keyring.Parse(doc.Encode(t))
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	previous := authtest.DecodeRing(t, text).Keys[0]
	if diff := cmp.Diff([]string{"activatedAt", "alg", "createdAt", "e", "kid", "kty", "n", "retireAt", "use"}, slices.Sorted(maps.Keys(previous))); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if _, err := keyring.Parse(text); err != nil {
		t.Errorf("the ring without it: %v", err)
	}
}

// TestPreviousSymmetric promises that a previous HS256 key keeps its only part: its tokens still live.
func TestPreviousSymmetric(t *testing.T) {
	doc, old := authtest.DecodeRing(t, document(t, jwk.ES256)), authtest.DecodeRing(t, document(t, jwk.HS256))
	doc.Keys = append(doc.Keys, old.Keys[0])
	r, err := keyring.Parse(doc.Encode(t))
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	raw := sign(t, document(t, jwk.HS256), claims())
	if _, err := token.NewKeyring(fixed(text), keyring.Parse, config).Verify(t.Context(), raw); err != nil {
		t.Error(err)
	}
}

// TestPublicJWKS promises exactly the public members of every asymmetric key, and nothing of a symmetric one.
func TestPublicJWKS(t *testing.T) {
	doc := withPrevious(t)
	r, err := keyring.Parse(doc.Encode(t))
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	var got authtest.RingJSON
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{}
	doc.Keys[0]["exp"] = float64(doc.Keys[0]["retireAt"].(int64)) // the previous key's end
	for i, members := range []string{"kty kid alg use n e exp", "kty kid alg use crv x y"} {
		k := map[string]any{}
		for _, m := range strings.Fields(members) {
			k[m] = doc.Keys[i][m]
		}
		want = append(want, k)
	}
	if diff := cmp.Diff(want, got.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	symmetric, err := keyring.Parse(document(t, jwk.HS256))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := symmetric.PublicJWKS(); err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("HS256: %s, %v", text, err)
	}
}

// TestPrinting promises that no verb prints a key, for a ring or for what holds one.
func TestPrinting(t *testing.T) {
	text := document(t, jwk.HS256)
	r, err := keyring.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	secret := decode(t, authtest.DecodeRing(t, text).Keys[0]["k"].(string))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		got := fmt.Sprintf(verb, r)
		if !strings.HasPrefix(got, "key ring, current key ") || strings.Contains(got, fmt.Sprintf(verb, secret)) {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}
