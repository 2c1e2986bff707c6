// Package privatefile checks that files with secrets belong to the user who runs the process and to nobody else, and
// finds the file that a path leads to.
package privatefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Check refuses a file that is not regular, that other users may read or write, or that belongs to another user than this
// process's or root. The error says how to correct it. Windows has neither modes nor owners that Go could read.
func Check(path string, info fs.FileInfo) error { return check(runtime.GOOS, path, info) }

func check(system, path string, info fs.FileInfo) error {
	mode := info.Mode()
	switch {
	case !mode.IsRegular():
		return fmt.Errorf("%s is not a regular file (%v): name a file", path, mode)
	case system == "windows":
		return nil
	case mode.Perm()&0o077 != 0:
		return fmt.Errorf("%s has mode %04o, which gives other users access to its secrets: run chmod 600 %[1]s", path, mode.Perm())
	}
	if owner, self := ownerOf(info), os.Geteuid(); owner != self && owner != 0 {
		return fmt.Errorf("%s belongs to the user with id %d and this process runs as %d: run it as that user, or change the file's owner",
			path, owner, self)
	}
	return nil
}

// maxLinks is how many links Resolve follows, as Linux does.
const maxLinks = 40

// Resolve returns the absolute path of the file that the path leads to through symbolic links. The file need not exist: a
// link may name one that is about to be created. Its directory must.
func Resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for range maxLinks {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return "", err
		}
		path = filepath.Join(dir, filepath.Base(path))
		target, err := os.Readlink(path)
		if err != nil { // not a link, or it does not exist
			return path, nil
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		path = target
	}
	return "", fmt.Errorf("%s: %w", path, errLinks)
}

var errLinks = errors.New("too many symbolic links")
