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

// CheckNew returns nil for a password that a person may choose, else an error to show them: at least 8 characters,
// counted as code points of its NFC form, valid UTF-8, no NUL, at most 1,024 bytes (NIST SP 800-63B-4, 3.1.1.2).
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

// unusable says why a password can match no hash at all. A NUL is refused because bcrypt and HMAC cannot tell it
// from the end of the password.
func unusable(password string) error {
	switch {
	case len(password) > maxPassword:
		return fmt.Errorf("the password has %d bytes, at most %d are accepted", len(password), maxPassword)
	case strings.IndexByte(password, 0) >= 0:
		return errors.New("the password contains a NUL")
	}
	return nil
}

// forms lists what a stored hash of the password may have been made over: the bytes as they are, as hashes from
// elsewhere are, then the NFC form where it differs, as ours are.
func forms(password string) []string {
	if normalized := normalize(password); normalized != password {
		return []string{password, normalized}
	}
	return []string{password}
}

// normalize makes one password of what keyboards and systems send in different ways; it is idempotent, and leaves
// bytes that are no UTF-8 as they are.
func normalize(password string) string { return norm.NFC.String(password) }
