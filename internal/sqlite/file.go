package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"latchkey/internal/privatefile"
)

// ensurePrivate creates an empty file that only its owner can open, whatever the umask, or checks the existing one. SQLite
// gives the two files that it creates next to it, -wal and -shm, the same mode.
//
// It refuses a file that other users can read instead of changing its mode: they may have read its hashes already, and the
// operator should know. It never opens an existing file: closing it would release SQLite's locks on it, because POSIX locks
// belong to the process and not to the descriptor.
func ensurePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return errors.Join(f.Chmod(0o600), f.Close())
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create the file: %w", err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) && name != path {
			continue
		}
		if err == nil {
			err = privatefile.Check(name, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
