package main

import (
	"strconv"
	"strings"
	"unicode"
)

// printable returns text with every character that a terminal would obey or hide written as a Go escape, such as \x1b;
// line ends and tabs stay.
func printable(text string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
