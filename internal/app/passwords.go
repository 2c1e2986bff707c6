package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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

// BundledListName is the file next to the account function's program that the build makes of PASSWORD_LIST.
const BundledListName = "passwords.list"

// bundledList returns the path of the list that was deployed with the function, or "".
func bundledList(getenv func(string) string) (string, error) {
	root := getenv("LAMBDA_TASK_ROOT")
	if root == "" {
		return "", nil
	}
	path := filepath.Join(root, BundledListName)
	_, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look for the deployed list of passwords: %w", err)
	}
	return path, nil
}
