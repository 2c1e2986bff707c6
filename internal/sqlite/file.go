package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// ensurePrivate makes an empty file that only its owner can open, whatever the umask, or checks the one there is.
// SQLite gives the two files that it puts beside it, -wal and -shm, the same mode.
//
// A file that others can read is refused rather than mended: its hashes may have been read by now, and whoever
// made it so should know. The file is never opened here while SQLite may have it open: closing it again would
// drop SQLite's locks, which POSIX gives to the process and not to the descriptor.
func ensurePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return errors.Join(f.Chmod(0o600), f.Close())
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the file: %w", err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != path:
			continue
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is not a regular file: name a file, which is made if it is not there", name)
		case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows": // which has no such modes
			return fmt.Errorf("%s holds password hashes and other users have access to it (mode %04o): run chmod 600 %[1]s",
				name, info.Mode().Perm())
		}
	}
	return nil
}
