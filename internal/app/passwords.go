package app

import (
	"fmt"
	"os"

	"latchkey/internal/passlist"
)

// ListedPasswords returns what reports whether attackers try a password first: by the embedded list, and by the file of PASSWORD_LIST
// if there is one.
func (c Config) ListedPasswords() (func(password string) bool, error) {
	embedded, err := passlist.Embedded()
	if err != nil || c.PasswordList == "" {
		return embedded.Contains, err
	}
	file, err := os.Open(c.PasswordList)
	if err != nil {
		return nil, fmt.Errorf("open the list of passwords: %w", err)
	}
	defer file.Close()
	more, err := passlist.Load(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.PasswordList, err)
	}
	return func(password string) bool { return embedded.Contains(password) || more.Contains(password) }, nil
}
