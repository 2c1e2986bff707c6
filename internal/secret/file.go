package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"latchkey/internal/privatefile"
)

// FileSource is a secret in a file that only its owner may read, for a laptop or a single server.
type FileSource struct {
	path string
}

// File returns the source at the path; nothing is read yet, and the file need not exist.
func File(path string) *FileSource {
	return &FileSource{path: path}
}

// Get reads the file. It refuses one that other users may read or write, or that belongs to another user, and says how to
// correct it.
func (f *FileSource) Get(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read the secret file: %w", err)
	}
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no file %s", ErrAbsent, f.path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat() // of the open file: the path may lead to another one by now
	if err == nil {
		err = privatefile.Check(f.path, info)
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret file: %w", err)
	}
	value, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the secret file: %w", err)
	}
	if len(value) > maxSize {
		return nil, fmt.Errorf("secret file %s is longer than %d bytes", f.path, maxSize)
	}
	return value, nil
}

// Put writes the value, with mode 0600, if the file still holds what the caller has seen; else it returns ErrChanged.
// Nil means no file.
func (f *FileSource) Put(ctx context.Context, seen, value []byte) error {
	// Of several processes one wins, and readers see the old or the new file, never a part.
	path, err := privatefile.Resolve(f.path) // so that a link stays one
	if err != nil {
		return fmt.Errorf("write the secret file: %w", err)
	}
	temp, err := writeTemp(path, value)
	if err != nil {
		return fmt.Errorf("write the secret file: %w", err)
	}
	defer os.Remove(temp)
	if seen == nil {
		err = create(temp, path)
	} else {
		err = f.replace(ctx, temp, path, seen)
	}
	if err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("write the secret file: %w", err)
	}
	return nil
}

// writeTemp writes the value to a new file in the path's directory, which can then be given the path in one step.
func writeTemp(path string, value []byte) (string, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = temp.Write(value)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		os.Remove(temp.Name())
		return "", err
	}
	return temp.Name(), nil
}

// create gives the new file its name by a link, which fails if the name is taken; a rename would replace.
func create(temp, path string) error {
	err := os.Link(temp, path)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s exists", ErrChanged, path)
	}
	if err != nil {
		return fmt.Errorf("write the secret file: %w", err)
	}
	return nil
}

// replace compares and renames under a lock file, because no system call does both. A process that is killed between the
// two leaves the lock behind; the error then says what to remove.
func (f *FileSource) replace(ctx context.Context, temp, path string, seen []byte) error {
	lockPath := path + ".lock"
	lock, err := os.OpenFile(lockPath, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: another process is writing %s; if none is, remove %s", ErrChanged, path, lockPath)
	}
	if err != nil {
		return fmt.Errorf("lock the secret file: %w", err)
	}
	defer os.Remove(lockPath)
	lock.Close() // nothing was written to it
	stored, err := f.Get(ctx)
	if err != nil && !errors.Is(err, ErrAbsent) {
		return err
	}
	if err != nil || !bytes.Equal(stored, seen) {
		return fmt.Errorf("%w: %s holds something else", ErrChanged, path)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("write the secret file: %w", err)
	}
	return nil
}

// syncDir syncs a directory's entries to disk; a file's own Sync does not. Windows cannot sync directories.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
