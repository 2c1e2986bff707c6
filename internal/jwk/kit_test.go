package jwk_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"sync"
	"testing"
	"time"

	"latchkey/internal/jwk"
)

var (
	now        = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	asymmetric = []jwk.Algorithm{jwk.ES256, jwk.RS256, jwk.EdDSA}
	all        = append([]jwk.Algorithm{jwk.HS256}, asymmetric...)
)

// keys returns two keys of each algorithm, made once because RSA keys take their time.
var keys = func() func(testing.TB, jwk.Algorithm) [2]jwk.Key {
	made := map[jwk.Algorithm]func() ([2]jwk.Key, error){}
	for _, a := range append([]jwk.Algorithm{jwk.RS256Long}, all...) {
		made[a] = sync.OnceValues(func() (two [2]jwk.Key, err error) {
			for i := range two {
				if two[i], err = jwk.Generate(a); err != nil {
					return two, err
				}
			}
			return two, nil
		})
	}
	return func(t testing.TB, a jwk.Algorithm) [2]jwk.Key {
		t.Helper()
		two, err := made[a]()
		if err != nil {
			t.Fatal(err)
		}
		return two
	}
}()

// members returns the members of the key's JWK, including private ones, for tests to change.
func members(t testing.TB, k jwk.Key) map[string]any {
	t.Helper()
	text, err := json.Marshal(k.JWK())
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// jwkOf reads members as a document's reader does.
func jwkOf(t testing.TB, members map[string]any) (j jwk.JWK) {
	t.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &j); err != nil {
		t.Fatal(err)
	}
	return j
}

// with returns a copy of the key with the member set, or removed if the value is nil.
func with(key map[string]any, member string, value any) map[string]any {
	changed := maps.Clone(key)
	if changed[member] = value; value == nil {
		delete(changed, member)
	}
	return changed
}

// published returns the public set of the algorithm's keys.
func published(t testing.TB, a jwk.Algorithm) []byte {
	t.Helper()
	two := keys(t, a)
	text, err := jwk.MarshalPublic(two[:])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// entries returns the keys of a JWK Set as plain JSON.
func entries(t testing.TB, set []byte) []map[string]any {
	t.Helper()
	var s struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(set, &s); err != nil {
		t.Fatal(err)
	}
	return s.Keys
}

func setOf(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
