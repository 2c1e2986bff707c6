package auth_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"latchkey/internal/auth"
)

func TestParseIdentifier(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	domain189 := strings.Join([]string{label63, label63, strings.Repeat("a", 61)}, ".")
	for _, test := range []struct{ name, typed, want string }{ // want "": refused
		{"plain", "ada@example.com", "ada@example.com"},
		{"ASCII case", "Ada.LOVELACE@Example.COM", "ada.lovelace@example.com"},
		{"ASCII space around", " \t\r\n\fada@example.com\n", "ada@example.com"},
		{"every special of HTML's rule", "!#$%&'*+/=?^_`{|}~.-@example.com", "!#$%&'*+/=?^_`{|}~.-@example.com"},
		{"dots where RFC 5322 has none", ".a..b.@example.com", ".a..b.@example.com"},
		{"plus tag kept", "ada+x@example.com", "ada+x@example.com"},
		{"domain of one label", "ada@localhost", "ada@localhost"},
		{"dotted quad, which HTML's rule cannot tell from a name", "ada@127.0.0.1", "ada@127.0.0.1"},

		{"empty", "", ""},
		{"space alone", "  ", ""},
		{"no @", "ada.example.com", ""},
		{"no name", "@example.com", ""},
		{"no domain", "ada@", ""},
		{"two @", "ada@b@example.com", ""},
		{"display name", "Ada <ada@example.com>", ""},
		{"comment", "ada(x)@example.com", ""},
		{"quoted local part", `"ada lovelace"@example.com`, ""},
		{"quoted @", `"a@b"@example.com`, ""},
		{"backslash", `a\b@example.com`, ""},
		{"two addresses", "ada@example.com,bob@example.com", ""},
		{"inner space", "ada lovelace@example.com", ""},
		{"space before the domain", "ada@ example.com", ""},
		{"NUL", "ada\x00@example.com", ""},
		{"NUL at the end", "ada@example.com\x00", ""},
		{"DEL", "ada\x7f@example.com", ""},
		{"header injection", "ada@example.com\r\nBcc: eve@example.com", ""},
		{"line feed in the name", "a\nda@example.com", ""},
		{"vertical tab around", "\vada@example.com", ""},
		{"invalid UTF-8", "a\xffda@example.com", ""},
		{"encoded surrogate", "a\xed\xa0\x80@example.com", ""},
		{"replacement character", "a\ufffd@example.com", ""},
		{"hash and colon in the domain", "ada@exa#mple:com", ""},

		{"NFD is NFC", "jose\u0301@example.com", "jos\u00e9@example.com"},
		{"a mark that meets its letter only in lower case", "H\u0331@example.com", "\u1e96@example.com"},
		{"other letters keep their case", "\u00c9@example.com", "\u00c9@example.com"},
		{"I with a dot is no i", "\u0130@example.com", "\u0130@example.com"},
		{"dotless i is no i", "\u0131@example.com", "\u0131@example.com"},
		{"Kelvin sign is K by NFC", "\u212a@example.com", "k@example.com"},
		{"long s is no s", "\u017f@example.com", "\u017f@example.com"},
		{"sharp s is no ss", "stra\u00dfe@example.com", "stra\u00dfe@example.com"},
		{"final sigma", "\u03c2@example.com", "\u03c2@example.com"},
		{"full width", "\uff41da@example.com", "\uff41da@example.com"},
		{"ligature", "\ufb01@example.com", "\ufb01@example.com"},
		{"Devanagari with marks", "\u0939\u093f\u0902\u0926\u0940@example.com", "\u0939\u093f\u0902\u0926\u0940@example.com"},
		{"Thai digit", "\u0e51@example.com", "\u0e51@example.com"},
		{"full-width @", "ada\uff20example.com", ""},
		{"no-break space around", "\u00a0ada@example.com", ""},
		{"byte order mark", "\ufeffada@example.com", ""},
		{"zero-width space", "a\u200bda@example.com", ""},
		{"zero-width joiner", "a\u200dda@example.com", ""},
		{"soft hyphen", "a\u00adda@example.com", ""},
		{"right-to-left override", "a\u202eda@example.com", ""},
		{"isolate", "a\u2066da@example.com", ""},
		{"Hangul filler, a letter that shows nothing", "a\u3164@example.com", ""},
		{"grapheme joiner, a mark that shows nothing", "a\u034f@example.com", ""},
		{"variation selector", "a\ufe0f@example.com", ""},
		{"tag", "a\U000e0061@example.com", ""},
		{"C1 control", "a\u0085@example.com", ""},
		{"emoji", "\U0001f600@example.com", ""},
		{"line separator", "a\u2028@example.com", ""},

		{"IDN", "ada@M\u00fcnchen.example", "ada@xn--mnchen-3ya.example"},
		{"IDN in NFD", "ada@mu\u0308nchen.example", "ada@xn--mnchen-3ya.example"},
		{"A-label", "ada@xn--mnchen-3ya.example", "ada@xn--mnchen-3ya.example"},
		{"A-label in capitals", "ada@XN--MNCHEN-3YA.EXAMPLE", "ada@xn--mnchen-3ya.example"},
		{"sharp s in a domain is a letter of its own", "ada@fa\u00df.example", "ada@xn--fa-hia.example"},
		{"final sigma in a domain", "ada@\u03c2.example", "ada@xn--3xa.example"},
		{"full width in a domain is ASCII (UTS 46)", "ada@\uff45xample.com", "ada@example.com"},
		{"hyphens in third and fourth place", "ada@ab--cd.example", "ada@ab--cd.example"},
		{"A-label of nothing", "ada@xn--.example", ""},
		{"A-label of ASCII", "ada@xn--example-.com", ""},
		{"A-label that does not decode", "ada@xn--\u00fc.example", ""},
		{"A-label of a control", "ada@xn--a.example", ""},
		{"A-label of a capital", "ada@xn--7ba.example", ""}, // U+00C4
		{"A-label with a zero-width joiner", "ada@xn--ab-m1t.example", ""},
		{"A-label in NFD", "ada@xn--e-xbb.example", ""},
		{"mapped to letters that break the bidi rule", "ada@a\u2135b.example", ""},
		{"digit before a right-to-left letter", "ada@1\u05d0.example", ""},
		{"mark at the beginning of a label", "ada@\u0301a.example", ""},
		{"zero-width joiner in a domain", "ada@a\u200db.example", ""},
		{"ideographic full stop", "ada@example\u3002com", ""},
		{"trailing dot", "ada@example.com.", ""},
		{"leading dot", "ada@.example.com", ""},
		{"empty label", "ada@example..com", ""},
		{"leading hyphen", "ada@-example.com", ""},
		{"trailing hyphen", "ada@example-.com", ""},
		{"underscore", "ada@ex_ample.com", ""},
		{"IPv4 literal", "ada@[127.0.0.1]", ""},
		{"IPv6 literal", "ada@[IPv6:::1]", ""},
		{"port", "ada@example.com:25", ""},

		{"label of 63", "ada@" + label63 + ".example", "ada@" + label63 + ".example"},
		{"label of 64", "ada@" + label63 + "a.example", ""},
		{"label whose A-label is over 63", "ada@" + strings.Repeat("\u00fc", 60) + ".example", ""},
		{"254 bytes", strings.Repeat("b", 64) + "@" + domain189, strings.Repeat("b", 64) + "@" + domain189},
		{"255 bytes", strings.Repeat("b", 65) + "@" + domain189, ""},
		{"254 bytes and space", " " + strings.Repeat("b", 64) + "@" + domain189, strings.Repeat("b", 64) + "@" + domain189},
		{"254 characters of two bytes", strings.Repeat("\u00fc", 242) + "@example.com", ""},
		{"254 bytes once in NFC", strings.Repeat("u\u0308", 121) + "@example.com", strings.Repeat("\u00fc", 121) + "@example.com"},
		{"a megabyte", strings.Repeat("a", 1<<20) + "@example.com", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			id, err := auth.ParseIdentifier(test.typed)
			if got := id.String(); got != test.want {
				t.Errorf("ParseIdentifier(%.80q) = %q, want %q (error: %v)", test.typed, got, test.want, err)
			}
			if (err != nil) != (test.want == "") || id.IsZero() != (err != nil) {
				t.Errorf("ParseIdentifier(%.80q): error %v, IsZero %t", test.typed, err, id.IsZero())
			}
		})
	}
}

func TestCleanEmailKeepsTheSpelling(t *testing.T) {
	for typed, want := range map[string]string{
		" Ada@Example.COM\n":              "Ada@Example.COM",
		"Jose\u0301@M\u00fcnchen.example": "Jos\u00e9@M\u00fcnchen.example",
	} {
		if got, err := auth.CleanEmail(typed); got != want || err != nil {
			t.Errorf("CleanEmail(%q) = %q, %v, want %q", typed, got, err, want)
		}
	}
}

// Two people never share an identifier: of all letters, marks and digits, only those that Unicode defines as the same
// character, and the two cases of an ASCII letter, give the same one.
func TestParseIdentifierMergesNoCharacters(t *testing.T) {
	seen := map[auth.Identifier]rune{}
	sweep := func(r rune) {
		id, err := auth.ParseIdentifier("x" + string(r) + "@example.com")
		if err != nil {
			return
		}
		other, taken := seen[id]
		seen[id] = r
		if taken && canonical(string(r)) != canonical(string(other)) {
			t.Errorf("%U and %U are both %q", other, r, id)
		}
	}
	for _, table := range []*unicode.RangeTable{unicode.L, unicode.M, unicode.Nd} {
		eachRune(table, sweep)
	}
	if len(seen) < 100_000 {
		t.Fatalf("only %d characters were accepted", len(seen))
	}
}

// canonical is the rule in two words: NFC, and lower case for ASCII only.
func canonical(s string) string {
	lower := func(r rune) rune {
		if r <= unicode.MaxASCII {
			return unicode.ToLower(r)
		}
		return r
	}
	return norm.NFC.String(strings.Map(lower, norm.NFC.String(s)))
}

func eachRune(table *unicode.RangeTable, do func(rune)) {
	for _, span := range table.R16 {
		for r := rune(span.Lo); r <= rune(span.Hi); r += rune(span.Stride) {
			do(r)
		}
	}
	for _, span := range table.R32 {
		for r := rune(span.Lo); r <= rune(span.Hi); r += rune(span.Stride) {
			do(r)
		}
	}
}

// trickyText draws from the characters that case mapping, normalisation and IDNA treat in special ways.
func trickyText(least, most int) *rapid.Generator[string] {
	return rapid.StringOfN(rapid.OneOf(
		rapid.RuneFrom([]rune("aAhHiIjJkKsStTwWyY019.-_+\u0130\u0131\u212a\u017f\u00df\u1e9e\u03a3\u03c3\u03c2\uff21\ufb01\u00c4\u00e4"+
			"\u0300\u0301\u0307\u0308\u030a\u030c\u0323\u0331\u0345\u05d0\u2135\u0660\u06f0\u0939\u093c\u1100\u1161\u11a8\uac00\u1fef")),
		rapid.RuneFrom(nil, unicode.L, unicode.M, unicode.Nd),
	), least, most, -1)
}

func TestParseIdentifierIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typed := trickyText(1, 8).Draw(t, "local") + "@" + trickyText(1, 8).Draw(t, "domain")
		if id, err := auth.ParseIdentifier(typed); err == nil {
			wantCanonical(t, id)
		}
	})
}

func TestParseIdentifierMergesOnlyCaseAndNFC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one, other := trickyText(1, 3).Draw(t, "one"), trickyText(1, 3).Draw(t, "other")
		if rapid.Bool().Draw(t, "the same in other words") {
			other = rapid.SampledFrom([]func(string) string{
				strings.ToUpper, strings.ToLower, norm.NFD.String, norm.NFKC.String,
			}).Draw(t, "how")(one)
		}
		a, err := auth.ParseIdentifier(one + "@example.com")
		b, err2 := auth.ParseIdentifier(other + "@example.com")
		if err == nil && err2 == nil && (a == b) != (canonical(one) == canonical(other)) {
			t.Fatalf("%q and %q are %q and %q", one, other, a, b)
		}
	})
}

func FuzzParseIdentifier(f *testing.F) {
	for _, seed := range []string{
		"ada@example.com", " A@B ", "H\u0331@example.com", "i@xn--mnchen-3ya.de", "i@a\u2135b.de", "\u1fef@\uff45", "a\x00@b", "\xff@b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		id, err := auth.ParseIdentifier(typed)
		if (err != nil) != id.IsZero() {
			t.Fatalf("ParseIdentifier(%q) = %q, %v", typed, id, err)
		}
		if err == nil {
			wantCanonical(t, id)
		}
	})
}

// wantCanonical checks what stores and logs rely on in every identifier.
func wantCanonical(t interface{ Fatalf(string, ...any) }, id auth.Identifier) {
	again, err := auth.ParseIdentifier(id.String())
	if err != nil || again != id {
		t.Fatalf("%q parses again as %q, %v", id, again, err)
	}
	text := id.String()
	local, domain, _ := strings.Cut(text, "@")
	if len(text) > 254 || !utf8.ValidString(text) || !norm.NFC.IsNormalString(text) || local == "" || domain == "" {
		t.Fatalf("%q is not canonical", text)
	}
	if strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || 'A' <= r && r <= 'Z'
	}) {
		t.Fatalf("%q has a character that identifiers cannot have", text)
	}
	if strings.ContainsFunc(domain, func(r rune) bool { return r > unicode.MaxASCII || strings.ContainsRune("@#:/", r) }) {
		t.Fatalf("%q has a domain that is not an A-label", text)
	}
}

func TestIdentifierStaysOutOfLogs(t *testing.T) {
	id, err := auth.ParseIdentifier("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("test", "id", id)
	if strings.Contains(out.String(), "ada") {
		t.Errorf("the log names the address: %s", &out)
	}
}
