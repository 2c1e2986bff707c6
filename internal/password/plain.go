package password

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const maxPassword = 1024 // bytes

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
