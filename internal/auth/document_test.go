package auth_test

import (
	"encoding/json"
	"testing"

	"latchkey/internal/auth"
)

// TestDocument promises that an object comes back unchanged, with large numbers, and that no other value is accepted.
func TestDocument(t *testing.T) {
	for raw, want := range map[string]string{
		`{"b": 9007199254740993, "a": [1.0, -0, 1e400, 123456789012345678901234567890]}`: `{"b":9007199254740993,"a":[1.0,-0,1e400,123456789012345678901234567890]}`,
		"{ \n}": "{}", "null": "{}", `{"":{}}`: `{"":{}}`, `{"a":"<&> é"}`: `{"a":"<&> é"}`,
	} {
		d := auth.Document("before")
		if err := json.Unmarshal([]byte(raw), &d); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		if got, err := d.MarshalJSON(); err != nil || string(got) != want {
			t.Errorf("%s came back as %s, %v, want %s", raw, got, err, want)
		}
	}
	for _, raw := range []string{`[]`, `"{}"`, `1`, `true`, `{"a":}`, ``} {
		d := auth.Document("before")
		if err := d.UnmarshalJSON([]byte(raw)); err == nil || string(d) != "before" {
			t.Errorf("%q: %v, and it is %s", raw, err, d)
		}
	}
}
