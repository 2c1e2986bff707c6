// Package factor makes and checks what a user proves in addition to the password: codes of authenticator apps (TOTP, RFC 6238)
// and recovery codes. It holds the arithmetic, the sealing of seeds and the QR code; internal/auth decides when a factor
// is needed and counts wrong codes. It is apart from auth because it needs a QR library that auth must not link.
package factor

import (
	"strings"
	"unicode"
)

// Code is what a user typed as a second factor, told apart by its form.
type Code struct {
	TOTP     string // six digits, or empty
	Recovery string // sixteen characters of Crockford's base32 in upper case, or empty
}

// ParseCode reads a TOTP code or a recovery code. Spaces are ignored, and in recovery codes letter case and hyphens as
// well. The result is zero for any other text.
func ParseCode(typed string) Code {
	if len(typed) > maxTyped {
		return Code{}
	}
	text := strings.Map(dropSpace, typed)
	if len(text) == Digits && strings.Trim(text, "0123456789") == "" {
		return Code{TOTP: text}
	}
	return Code{Recovery: normalizeRecovery(text)}
}

// maxTyped is more than any code has with spaces between all of its characters.
const maxTyped = 64

func dropSpace(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}
