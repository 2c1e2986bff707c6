package auth

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits that keep a token within a cookie and a user within one item of either store.
const (
	maxID       = 128
	maxRole     = 256
	maxAccounts = 1000
)

// Validate returns an error for a user that a store or a token cannot hold. The error repeats no value: if the columns of a
// file slipped, a value may be a password.
func (u User) Validate() error {
	if err := validateID("id", u.ID); err != nil {
		return err
	}
	if u.Identifier.IsZero() {
		return errors.New("email is missing")
	}
	if !u.Status.Valid() {
		return errors.New("status must be ready, pending or disabled")
	}
	if u.Activate && u.Status != StatusPending {
		return errors.New("activate is for users whose status is pending")
	}
	if u.Locale != "" && !isLanguageTag(u.Locale) {
		return errors.New(`locale must be a language tag (BCP 47) such as "de" or "pt-BR"`)
	}
	if err := validateRole("role", u.Role); err != nil {
		return err
	}
	if len(u.Accounts) > maxAccounts {
		return fmt.Errorf("accounts has %d entries; at most %d are allowed", len(u.Accounts), maxAccounts)
	}
	for i, a := range u.Accounts {
		if err := a.validate(); err != nil {
			return fmt.Errorf("accounts[%d]: %w", i, err)
		}
	}
	return nil
}

// Validate returns an error for factors that no user can have. It repeats no value.
func (f Factors) Validate() error {
	if len(f.TOTP)+len(f.Passkeys) > maxFactors {
		return fmt.Errorf("a user has at most %d second factors", maxFactors)
	}
	seen := map[string]bool{}
	check := func(id, name string, secrets ...[]byte) error {
		if err := validateID("id", id); err != nil {
			return err
		}
		for _, secret := range secrets {
			if len(secret) == 0 {
				return errors.New("a seed, a credential or a public key is missing")
			}
		}
		if seen[id] || checkFactorName(name) != nil {
			return errors.New("two factors have one id, or a name has more than 64 characters or invisible ones")
		}
		seen[id] = true
		return nil
	}
	for _, t := range f.TOTP {
		if err := check(t.ID, t.Name, t.Sealed); err != nil {
			return err
		}
	}
	for _, p := range f.Passkeys {
		if err := check(p.ID, p.Name, p.CredentialID, p.PublicKey); err != nil {
			return err
		}
	}
	if len(f.Passkeys) > 0 || f.Handle != "" {
		return validateID("handle", f.Handle)
	}
	return nil
}

func (a Account) validate() error {
	if err := validateID("id", a.ID); err != nil {
		return err
	}
	if err := validateID("organizationId", a.OrganizationID); err != nil {
		return err
	}
	if a.UserType == "" {
		return errors.New("userType is missing")
	}
	return validateRole("userType", a.UserType)
}

// validateID allows only visible ASCII: ids become keys, claims and log fields.
func validateID(name, id string) error {
	if id == "" {
		return fmt.Errorf("%s is missing", name)
	}
	if len(id) > maxID || !all(id, func(r rune) bool { return '!' <= r && r <= '~' }) {
		return fmt.Errorf("%s must be 1 to %d visible ASCII characters without spaces", name, maxID)
	}
	return nil
}

// maxLanguageTag is the length that programs need not exceed (RFC 4647 section 4.1).
const maxLanguageTag = 35

// isLanguageTag reports whether the text has the form of a language tag: a language of 2 to 8 letters, then subtags of 1 to 8
// letters and digits (RFC 5646 section 2.1).
func isLanguageTag(tag string) bool {
	language, _, _ := strings.Cut(tag, "-")
	if len(tag) > maxLanguageTag || len(language) < 2 || strings.ContainsAny(language, "0123456789") {
		return false
	}
	for part := range strings.SplitSeq(tag, "-") {
		if part == "" || len(part) > 8 || !all(part, isASCIIAlnum) {
			return false
		}
	}
	return true
}

func validateRole(name, role string) error {
	if len(role) > maxRole || !utf8.ValidString(role) || strings.ContainsFunc(role, invisible) {
		return fmt.Errorf("%s must be at most %d bytes of UTF-8 without control or format characters", name, maxRole)
	}
	return nil
}

// invisible reports characters that make a text look like another one, or make a terminal show it backwards.
func invisible(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
