// Package folder keeps mails as files, for a laptop and for tests: a mail program opens them.
package folder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"latchkey/internal/mail"
)

// Folder is a directory of mails, which only their owner may read: links in mails open accounts.
type Folder struct{ dir string }

// Open returns the folder, and makes it if it does not exist.
func Open(dir string) (Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Folder{}, fmt.Errorf("make the folder for mails: %w", err)
	}
	return Folder{dir}, nil
}

// Send writes the mail to a file named after its id, whole and on the disk or not at all. An id may begin with a hyphen, and the name does
// not: commands would take it for an option.
func (f Folder) Send(_ context.Context, m mail.Mail) error {
	if m.ID == "" || strings.ContainsFunc(m.ID, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
	}) {
		return fmt.Errorf("%w: an id that cannot be a file's name", mail.ErrRefused)
	}
	file, err := os.CreateTemp(f.dir, ".new-*")
	if err != nil {
		return fmt.Errorf("write the mail: %w", err)
	}
	defer os.Remove(file.Name()) // if it was not renamed
	_, err = file.Write(m.Raw)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write the mail: %w", err)
	}
	if err := os.Rename(file.Name(), filepath.Join(f.dir, "mail-"+m.ID+".eml")); err != nil {
		return fmt.Errorf("write the mail: %w", err)
	}
	return f.sync()
}

// sync puts the file's new name on the disk.
func (f Folder) sync() error {
	dir, err := os.Open(f.dir)
	if err != nil {
		return fmt.Errorf("sync the folder of mails: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("sync the folder of mails: %w", err)
	}
	return nil
}
