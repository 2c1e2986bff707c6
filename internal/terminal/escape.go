package terminal

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Escape returns text with every character that a terminal would obey, or that would hide or reorder others, written as
// a Go escape.
func Escape(text string) string {
	// Line ends and tabs stay, and so do the joiners that emoji and some scripts need.
	return escape(text, func(r rune) string {
		if r == '\n' || r == '\t' {
			return string(r)
		}
		quoted := strconv.QuoteRuneToASCII(r)
		return quoted[1 : len(quoted)-1]
	})
}

// EscapeField is Escape for a field of a table or a line: line ends and tabs are escaped too.
func EscapeField(text string) string {
	return escape(text, func(r rune) string {
		quoted := strconv.QuoteRuneToASCII(r)
		return quoted[1 : len(quoted)-1]
	})
}

// EscapeJSON returns a JSON text with the same characters written as JSON escapes; the value stays the same (RFC 8259 7).
func EscapeJSON(text string) string {
	return escape(text, func(r rune) string {
		if r == '\n' || r == '\t' || r == '\r' { // between tokens: inside strings they are escaped already
			return string(r)
		}
		var b strings.Builder
		for _, unit := range utf16.AppendRune(nil, r) {
			b.WriteString(`\u` + strconv.FormatUint(uint64(unit)+0x10000, 16)[1:])
		}
		return b.String()
	})
}

func escape(text string, with func(rune) string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if strings.IndexFunc(text, unsafe) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unsafe(r) {
			b.WriteString(with(r))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// unsafe reports controls (C0, C1), format characters such as those that reverse the direction of text, line separators,
// surrogates and unassigned or private characters.
func unsafe(r rune) bool {
	return r != zeroWidthNonJoiner && r != zeroWidthJoiner && !unicode.IsGraphic(r)
}
