package password

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxPassword   = 1024 // bytes
	minCharacters = 8
)

// CheckNew returns nil for a password that a person may choose: valid UTF-8 of at least 8 characters (code points of its NFC
// form), at most 1,024 bytes, and no NUL (NIST SP 800-63B-4, 3.1.1.2). The error is meant to be shown to them.
func CheckNew(password string) error {
	if !utf8.ValidString(password) {
		return errors.New("the password is not valid UTF-8")
	}
	if err := unusable(password); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(normalize(password)); n < minCharacters {
		return fmt.Errorf("the password has %d characters, at least %d are needed", n, minCharacters)
	}
	return nil
}

// unusable says why a password can match no hash at all. A NUL is refused because some implementations of bcrypt and HMAC
// take it for the end of the password.
func unusable(password string) error {
	switch {
	case len(password) > maxPassword:
		return fmt.Errorf("the password has %d bytes, at most %d are accepted", len(password), maxPassword)
	case strings.IndexByte(password, 0) >= 0:
		return errors.New("the password contains a NUL")
	}
	return nil
}

// variants lists the byte strings that a stored hash may be of: the password as typed, for hashes from other systems, and its
// NFC form if that differs, for ours.
func variants(password string) []string {
	if normalized := normalize(password); normalized != password {
		return []string{password, normalized}
	}
	return []string{password}
}

// normalize returns the NFC form, because keyboards and operating systems encode the same characters differently. It is
// idempotent and leaves bytes that are not UTF-8 as they are.
func normalize(password string) string { return norm.NFC.String(password) }
