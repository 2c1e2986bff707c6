package password_test

import (
	"strings"
	"testing"

	"latchkey/internal/password"
)

func TestCheckNew(t *testing.T) {
	for _, test := range []struct{ name, plain, reason string }{
		{"eight characters", "abcdefgh", ""},
		{"only spaces", "        ", ""},
		{"eight of four bytes", strings.Repeat("\U0001f40e", 8), ""},
		{"1024 bytes", strings.Repeat("a", 1024), ""},
		{"empty", "", "has 0 characters"},
		{"seven characters", "abcdefg", "has 7 characters"},
		{"seven of 28 bytes", strings.Repeat("\U0001f40e", 7), "has 7 characters"},
		{"fourteen code points that compose to seven", strings.Repeat("a\u0308", 7), "has 7 characters"},
		{"1025 bytes", strings.Repeat("a", 1025), "has 1025 bytes, at most 1024"},
		{"NUL", "abcdefgh\x00", "contains a NUL"},
		{"not UTF-8", "abcdefgh\xff", "not valid UTF-8"},
		{"half of a surrogate pair", "abcdefgh\xed\xa0\x80", "not valid UTF-8"},
	} {
		err := password.CheckNew(test.plain)
		switch {
		case test.reason == "" && err != nil:
			t.Errorf("%s: %v, want it accepted", test.name, err)
		case test.reason != "" && (err == nil || !strings.Contains(err.Error(), test.reason)):
			t.Errorf("%s: %v, want it to say %q", test.name, err, test.reason)
		}
	}
}
