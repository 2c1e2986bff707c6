package auth_test

import (
	"testing"

	"latchkey/internal/auth"
)

// TestParseBearer promises the token of a bearer header, whatever the case of its scheme and the number of spaces.
func TestParseBearer(t *testing.T) {
	for header, want := range map[string]struct {
		token  string
		bearer bool
	}{
		"Bearer a.b.c":   {"a.b.c", true},
		"bearer a.b.c":   {"a.b.c", true},
		"BEARER   a.b.c": {"a.b.c", true},
		"Bearer a.b.c ":  {"a.b.c ", true},
		"Bearer a b":     {"a b", true},
		"Bearer":         {"", true},
		"Bearer   ":      {"", true},
		"Bearer\ta.b.c":  {"", false},
		" Bearer a.b.c":  {"", false},
		"Bearera.b.c":    {"", false},
		"Basic YTpi":     {"", false},
		"lk_key":         {"", false},
		"":               {"", false},
	} {
		if token, bearer := auth.ParseBearer(header); token != want.token || bearer != want.bearer {
			t.Errorf("%q: %q, %t", header, token, bearer)
		}
	}
}
