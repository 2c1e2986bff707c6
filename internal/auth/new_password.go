package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// PasswordRules are what a password that a person chooses must obey (NIST SP 800-63B-4 section 3.1.1.2): length, a list, and no
// words that a guesser would take from the account. There are no rules of composition.
type PasswordRules struct {
	Min     int                        // the least number of characters
	Service string                     // SERVICE_NAME: its words are known to everybody
	Listed  func(password string) bool // whether attackers try the password first; nil: no list
	Lenient bool                       // any length and any text, for a demo
}

// Bounds of a chosen password; hashing accepts no more bytes anyway.
const (
	maxNewCharacters = 256
	maxNewBytes      = 1024
	shortUnit        = 8 // repeating fewer characters than this adds nothing
	minRemainder     = 8 // characters that must be left without the words of the account
	minContextWord   = 4
)

// PasswordRule names the rule that refused a password, as clients see it.
type PasswordRule string

// The rules, in the order in which they are checked; the last three are those of changes and resets.
const (
	RuleLength     PasswordRule = "length"
	RuleCharacters PasswordRule = "characters"
	RuleListed     PasswordRule = "listed"
	RuleContext    PasswordRule = "context"
	RuleCurrent    PasswordRule = "current" // the current password is wrong
	RuleToken      PasswordRule = "token"   // the token of a mail is not valid, or was used
	RuleFactor     PasswordRule = "factor"  // the second factor is wrong
)

// ErrRefusedPassword: the password may not be chosen, or the caller may not set it. The error is a *RefusedPassword.
var ErrRefusedPassword = errors.New("auth: password refused")

// RefusedPassword is ErrRefusedPassword with the rule; its text is for the person who chose the password.
type RefusedPassword struct {
	Rule    PasswordRule
	Message string
}

// Error returns the message.
func (e *RefusedPassword) Error() string { return e.Message }

// Is makes errors.Is(err, ErrRefusedPassword) true.
func (e *RefusedPassword) Is(target error) bool { return target == ErrRefusedPassword }

// Text is what clients show of the refusal.
func (e *RefusedPassword) Text() string { return e.Message }

// Member names the rule in the answer.
func (e *RefusedPassword) Member() (name string, value any) { return "rule", e.Rule }

// Check returns nil if the user may choose the password, else a *RefusedPassword.
func (r PasswordRules) Check(u User, password string) error {
	text := norm.NFC.String(password)
	characters := utf8.RuneCountInString(text)
	folded := strings.ToLower(text)
	switch {
	case !utf8.ValidString(password):
		return &RefusedPassword{RuleCharacters, "The password is not valid UTF-8"}
	case strings.ContainsRune(password, 0):
		return &RefusedPassword{RuleCharacters, "The password contains a NUL"}
	case characters == 0, characters < r.Min && !r.Lenient:
		return &RefusedPassword{RuleLength, fmt.Sprintf("The password needs at least %d characters", max(r.Min, 1))}
	case characters > maxNewCharacters || len(password) > maxNewBytes:
		return &RefusedPassword{RuleLength, fmt.Sprintf("The password may have at most %d characters", maxNewCharacters)}
	case !r.Lenient && (r.predictable(text) || r.predictable(folded)):
		return &RefusedPassword{RuleListed, "The password is one of those that attackers try first"}
	case !enoughWithout(folded, contextWords(u, r.Service)):
		return &RefusedPassword{RuleContext, "The password is made of your name, your address or the name of this service"}
	}
	return nil
}

// predictable reports whether the text is listed, a run along an alphabet or a keyboard, or a repetition.
func (r PasswordRules) predictable(text string) bool {
	return r.refusedText(text) || r.repeats([]rune(text))
}

func (r PasswordRules) refusedText(text string) bool {
	return r.Listed != nil && r.Listed(text) || isRun(text)
}

// repeats reports whether the text is a unit written at least twice, the last time perhaps in part, and the unit is short or
// refused itself.
func (r PasswordRules) repeats(text []rune) bool {
	for size := 1; size <= len(text)/2; size++ {
		if !hasPeriod(text, size) {
			continue
		}
		if size < shortUnit || r.refusedText(string(text[:size])) {
			return true
		}
	}
	return false
}

func hasPeriod(text []rune, size int) bool {
	for i := size; i < len(text); i++ {
		if text[i] != text[i-size] {
			return false
		}
	}
	return true
}

// minRun is the shortest run that counts: "qwe" within a sentence is not a run, and a whole password is longer.
const minRun = 4

// isRun reports whether the whole text, letter case aside, runs along the alphabet, the digits or the keys of a keyboard in
// either direction, and begins again at the other end.
func isRun(text string) bool {
	runes := []rune(strings.ToLower(text))
	if len(runes) < minRun {
		return false
	}
	for _, keys := range []string{
		"abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertyuiopasdfghjklzxcvbnm",
		"qwertzuiop", "yxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiop", "qsdfghjklm", "azertyuiopqsdfghjklmwxcvbn",
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm", "!@#$%^&*()",
	} {
		if alongKeys(runes, keys, 1) || alongKeys(runes, keys, len(keys)-1) {
			return true
		}
	}
	return false
}

// alongKeys reports whether each character is the step's next after the one before it, around the keys.
func alongKeys(text []rune, keys string, step int) bool {
	at := strings.IndexRune(keys, text[0])
	for _, r := range text {
		if at < 0 || r != rune(keys[at]) {
			return false
		}
		at = (at + step) % len(keys)
	}
	return true
}

// contextWords returns the words of the account and the service, folded, the longest first.
func contextWords(u User, service string) []string {
	texts := []string{u.Email, u.Profile.Name, u.Profile.LastName, u.Profile.FullName, u.Profile.CompanyName, service}
	for _, account := range u.Accounts {
		texts = append(texts, account.OrganizationName)
	}
	var words []string
	for _, text := range texts {
		for _, word := range strings.FieldsFunc(strings.ToLower(norm.NFC.String(text)), isSeparator) {
			if utf8.RuneCountInString(word) >= minContextWord {
				words = append(words, word)
			}
		}
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}

func isSeparator(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
}

// enoughWithout reports whether enough of the password is left when the words are taken out. A password without any of them
// is enough at any length.
func enoughWithout(folded string, words []string) bool {
	plain := strings.Join(strings.FieldsFunc(folded, isSeparator), "")
	rest := plain
	for _, word := range words {
		rest = strings.ReplaceAll(rest, word, "")
	}
	return rest == plain || utf8.RuneCountInString(rest) >= minRemainder
}
