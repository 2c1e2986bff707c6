package authtest

import (
	"encoding/json"
	"testing"
)

// RingJSON is a ring document as plain JSON, for tests that change it.
type RingJSON struct {
	Keys    []map[string]any `json:"keys"`
	Current string           `json:"current"`
	Next    string           `json:"next"`
	MACKey  string           `json:"macKey"`
}

// DecodeRing reads a ring document, or the keys of a JWK Set; invalid JSON ends the test.
func DecodeRing(t testing.TB, text []byte) RingJSON {
	t.Helper()
	var r RingJSON
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Encode writes the document as the test changed it, members in the order of the type.
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
