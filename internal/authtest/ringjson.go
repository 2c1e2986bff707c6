package authtest

import (
	"encoding/json"
	"testing"
)

// RingJSON is a ring document as a reader who knows nothing of its package sees it, for tests to change.
type RingJSON struct {
	Keys    []map[string]any `json:"keys"`
	Current string           `json:"current"`
	Next    string           `json:"next"`
	MACKey  string           `json:"macKey"`
}

// DecodeRing reads a ring document, or the keys alone of a JWK Set; the test ends where it is no JSON.
func DecodeRing(t testing.TB, text []byte) RingJSON {
	t.Helper()
	var r RingJSON
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Encode writes the document with what the test made of it, members in the order of the type.
func (r RingJSON) Encode(t testing.TB) []byte {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Key returns the members of the key with that id, which may be changed in place, or nil.
func (r RingJSON) Key(id string) map[string]any {
	for _, k := range r.Keys {
		if k["kid"] == id {
			return k
		}
	}
	return nil
}
