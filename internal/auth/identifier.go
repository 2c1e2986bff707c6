package auth

import (
	"errors"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

const maxIdentifier = 254 // bytes: RFC 5321 4.5.3.1.3 less the angle brackets

// Identifier is the canonical form of an e-mail address: the one key for lookup, limits and logs.
type Identifier struct{ text string }

// String returns the canonical text. It is personal data: stores and answers use it, logs never do.
func (id Identifier) String() string { return id.text }

// IsZero reports whether the identifier is missing; ParseIdentifier returns a zero one only with an error.
func (id Identifier) IsZero() bool { return id.text == "" }

// LogValue keeps the address out of logs, where only a keyed hash of it may appear.
func (id Identifier) LogValue() slog.Value { return slog.StringValue("[identifier]") }

// ParseIdentifier returns the canonical form of a typed e-mail address (HTML's input type=email), or an error that says
// what is wrong.
func ParseIdentifier(typed string) (Identifier, error) {
	// Letters and digits beyond ASCII are accepted too. Only ASCII letters become lower case; the domain becomes its
	// A-label (RFC 5890).
	address, err := CleanEmail(typed)
	if err != nil {
		return Identifier{}, err
	}
	local, shown, _ := strings.Cut(address, "@")
	domain, err := toALabels(shown)
	if err != nil {
		return Identifier{}, err
	}
	// NFC again: some marks, like U+0331 on H, meet their letter only in lower case.
	text := norm.NFC.String(asciiLower(local)) + "@" + domain
	if len(text) > maxIdentifier {
		return Identifier{}, errTooLong
	}
	return Identifier{text}, nil
}

// CleanEmail returns the address for display: trimmed of ASCII space and in NFC, its spelling kept. It checks the characters.
func CleanEmail(typed string) (string, error) {
	if len(typed) > 4*maxIdentifier { // NFC can shorten, so the exact limit comes after it
		return "", errTooLong
	}
	if !utf8.ValidString(typed) {
		return "", errors.New("the address is not valid UTF-8")
	}
	address := norm.NFC.String(strings.Trim(typed, " \t\n\r\f"))
	if len(address) > maxIdentifier {
		return "", errTooLong
	}
	local, domain, found := strings.Cut(address, "@")
	switch {
	case !found || local == "" || domain == "" || strings.Contains(domain, "@"):
		return "", errors.New("an e-mail address has one @ with a name before and a domain after it")
	case !all(local, isLocal):
		return "", errors.New("the part before @ has a character that e-mail addresses do not have")
	case !all(domain, isDomainRune):
		return "", errors.New("the part after @ has a character that domain names do not have")
	}
	return address, nil
}

var errTooLong = errors.New("an e-mail address has at most 254 bytes")

// lookupProfile never changes; every sign-in needs it twice, and making it takes five allocations.
var lookupProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(),
	idna.StrictDomainName(true), idna.CheckHyphens(false), idna.CheckJoiners(true))

// toALabels maps as a browser does before a lookup (UTS 46, non-transitional). Hyphens in the third and fourth
// place are allowed because HTML's rule allows them; isDomain checks the rest. The mapping is applied twice, because its
// rules see the letters before they are mapped, and it can make letters that they refuse, like U+05D0 from U+2135.
func toALabels(domain string) (string, error) {
	mapped, err := lookupProfile.ToASCII(domain)
	if err == nil {
		domain, err = lookupProfile.ToASCII(mapped)
	}
	if err != nil || domain != mapped || !isDomain(domain) {
		return "", errors.New("the part after @ is not a domain name")
	}
	return domain, nil
}

func isLocal(r rune) bool {
	if r < utf8.RuneSelf {
		return isASCIIAlnum(r) || strings.ContainsRune(".!#$%&'*+/=?^_`{|}~-", r)
	}
	return isLetterBeyondASCII(r)
}

func isDomainRune(r rune) bool {
	if r < utf8.RuneSelf {
		return isASCIIAlnum(r) || r == '-' || r == '.'
	}
	return isLetterBeyondASCII(r)
}

// isLetterBeyondASCII allows combining marks, without which Hindi or Thai cannot be written,
// and refuses invisible characters: two different addresses must not look the same.
func isLetterBeyondASCII(r rune) bool {
	if unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func isASCIIAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// isDomain is the domain part of HTML's rule: labels of 1 to 63 letters, digits and inner hyphens.
func isDomain(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if !all(label, func(r rune) bool { return isASCIIAlnum(r) || r == '-' }) {
			return false
		}
	}
	return true
}

func all(s string, ok func(rune) bool) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0
}

// asciiLower does not change letters beyond ASCII: strings.ToLower would merge U+0130 with i and U+212A with k.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
