// Package setting reads the text of one setting: it has a Kind for each sort of value, which parses the text and knows
// the regular expression that accepted values match, so that a CloudFormation template refuses the same values.
package setting

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is a sort of value. Parse accepts every text that Pattern matches; where Words is set, it accepts only those.
type Kind[T any] struct {
	Words   []string // the allowed values where they are few, in the order in which help lists them
	Pattern string   // a regular expression of whole values, in the syntax that RE2 and Java share; empty where Words is set
	Parse   func(string) (T, error)
}

// Wrong returns an error that says what to write instead of value. It quotes value unless that may hold a password.
func Wrong(value, write string) error { return wrong{value, write} }

type wrong struct{ value, write string }

// Error returns the advice, and the quoted value where it may be shown.
func (e wrong) Error() string {
	switch {
	case mayHoldPassword(e.value):
		return "write " + e.write + "; the value is not shown because it may hold a password"
	case len(e.value) > 200:
		return "write " + e.write
	}
	return fmt.Sprintf("write %s, not %q", e.write, e.value)
}

// Hide returns err, or a constant error where err quotes a value that may hold a password.
func Hide(value string, err error) error {
	if _, ours := errors.AsType[wrong](err); err == nil || ours || !mayHoldPassword(value) || !strings.Contains(err.Error(), `"`) {
		return err
	}
	return errors.New("the value is refused, and not shown because it may hold a password")
}

// mayHoldPassword reports whether a value looks like a URL or connection string with credentials: those are before an
// @, in a query, or in a fragment.
func mayHoldPassword(value string) bool { return strings.ContainsAny(value, "@?#") }

// Words is a setting with one of a few values, in exactly this spelling; the error lists them and repeats no secret.
func Words[T ~string](words ...T) Kind[T] {
	var names []string
	for _, word := range words {
		names = append(names, string(word))
	}
	return Kind[T]{Words: names, Parse: func(s string) (T, error) {
		if !slices.Contains(names, s) {
			return "", Wrong(s, strings.Join(names, " or "))
		}
		return T(s), nil
	}}
}

// Bool is true or false; 1, 0, t and f are accepted too.
func Bool() Kind[bool] {
	return Kind[bool]{Words: []string{"true", "false"}, Parse: func(s string) (bool, error) {
		v, err := strconv.ParseBool(s)
		if err != nil {
			return false, Wrong(s, "true or false")
		}
		return v, nil
	}}
}

// Level is a level of log/slog in lower or upper case.
func Level() Kind[slog.Level] {
	words := []string{"debug", "info", "warn", "error"}
	return Kind[slog.Level]{Words: words, Parse: func(s string) (level slog.Level, err error) {
		if !slices.Contains(words, strings.ToLower(s)) || level.UnmarshalText([]byte(s)) != nil {
			return 0, Wrong(s, "debug, info, warn or error")
		}
		return level, nil
	}}
}

// plain matches text without control characters.
const plain = `^[^\x00-\x1F\x7F-\x9F]*$`

// Text is any text without control characters, which no token could hold.
func Text() Kind[string] { return Kind[string]{Pattern: plain, Parse: parseText} }

func parseText(s string) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", Wrong(s, "text without control characters")
	}
	return s, nil
}

// List is texts with commas between them; spaces around an entry and empty entries do not count.
func List() Kind[[]string] {
	return Kind[[]string]{Pattern: plain, Parse: func(s string) ([]string, error) {
		if _, err := parseText(s); err != nil {
			return nil, err
		}
		return Split(s), nil
	}}
}

// Split returns the entries of a comma-separated list without spaces around them, and without the empty ones.
func Split(s string) []string {
	var items []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// Listed returns the pattern of a comma-separated list whose entries match entry, an expression without anchors.
func Listed(entry string) string { return "^( *(" + entry + ")? *(,|$))*$" }
