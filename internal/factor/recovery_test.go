package factor_test

import (
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/factor"
)

// TestNewRecoveryCodes promises ten different codes in the form that the documents show.
func TestNewRecoveryCodes(t *testing.T) {
	form := regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`)
	seen := map[string]bool{}
	codes, err := factor.NewRecoveryCodes(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes {
		if !form.MatchString(code) || seen[code] {
			t.Errorf("%s: odd or twice", code)
		}
		seen[code] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d codes", len(seen))
	}
}

// TestParseCode promises that the two kinds are told apart by form, in every spelling that a person may type.
func TestParseCode(t *testing.T) {
	recovery := factor.Code{Recovery: "0123456789ABCDEF"}
	for typed, want := range map[string]factor.Code{
		"123456": {TOTP: "123456"}, "123 456": {TOTP: "123456"}, " 1 2 3 4 5 6\n": {TOTP: "123456"}, "000000": {TOTP: "000000"},
		"0123-4567-89AB-CDEF": recovery, "0123456789abcdef": recovery, "o1z3456789abcdef": {Recovery: "01Z3456789ABCDEF"},
		"oI23 4567 89ab cdef": recovery, "OL23456789ABCDEF": recovery, "1234567890123456": {Recovery: "1234567890123456"},
		"": {}, "12345": {}, "1234567": {}, "12345a": {}, "123-456": {}, "１２３４５６": {}, "0123456789ABCDEU": {},
		"0123-4567-89AB-CDE": {}, "0123-4567-89AB-CDEF-0": {}, strings.Repeat(" ", 100) + "123456": {}, "١٢٣٤٥٦": {},
	} {
		if got := factor.ParseCode(typed); got != want {
			t.Errorf("%q: %+v, want %+v", typed, got, want)
		}
	}
}

// TestParseCodeAnyText promises that whatever is typed gives at most one kind, in its one spelling, which reads as itself.
func TestParseCodeAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := factor.ParseCode(rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9A-Za-z -]{0,24}`)).Draw(t, "typed"))
		if code.TOTP != "" && code.Recovery != "" {
			t.Fatalf("both kinds: %+v", code)
		}
		if again := factor.ParseCode(code.TOTP + code.Recovery); again != code {
			t.Fatalf("%+v reads as %+v", code, again)
		}
	})
}
