package auth

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
)

// Limits that keep a token within a cookie and a user within one item of either store.
const (
	maxID       = 128
	maxRole     = 256
	maxAccounts = 1000
)

// Validate says what about the user no store and no token could hold; nil means that both can.
func (u User) Validate() error {
	if err := validateID("id", u.ID); err != nil {
		return err
	}
	if u.Identifier.IsZero() {
		return errors.New("email is missing")
	}
	if !u.Status.Valid() {
		return fmt.Errorf("status is %q; write ready, pending or disabled", u.Status)
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

// validateID allows visible ASCII alone: ids become keys, claims and log fields.
func validateID(name, id string) error {
	if id == "" {
		return fmt.Errorf("%s is missing", name)
	}
	if len(id) > maxID || !all(id, func(r rune) bool { return '!' <= r && r <= '~' }) {
		return fmt.Errorf("%s must be 1 to %d visible ASCII characters without spaces", name, maxID)
	}
	return nil
}

func validateRole(name, role string) error {
	if len(role) > maxRole || !all(role, func(r rune) bool { return r >= ' ' && r != 0x7f }) {
		return fmt.Errorf("%s must be at most %d bytes without control characters", name, maxRole)
	}
	return nil
}

// NewUserID returns 24 hex digits, the shape of the ids that clients of the planpoint contract know.
func NewUserID() string {
	var b [12]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}
