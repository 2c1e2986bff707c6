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
)

// FileSource is a secret in a file that its owner alone may read, for a laptop or a single server.
type FileSource struct {
	path string
}

// File returns the source at the path; nothing is read yet, and the file need not exist.
func File(path string) *FileSource {
	return &FileSource{path: path}
}

// Get reads the file. It refuses one that others than its owner may read or write, for then it is no secret any
// more, and says how to mend it.
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
	info, err := file.Stat() // of the open file: a path may be exchanged between two looks
	if err != nil {
		return nil, fmt.Errorf("read the secret file: %w", err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("secret file %s is %v: it must be a file that its owner alone may read: chmod 600 %[1]s", f.path, mode)
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

// Put writes the value where the file still holds what the caller has seen, nil for no file, else returns
// ErrChanged. Of several processes one wins; the file is whole at every moment, and of mode 0600.
func (f *FileSource) Put(ctx context.Context, seen, value []byte) error {
	temp, err := f.writeTemp(value)
	if err != nil {
		return fmt.Errorf("write the secret file: %w", err)
	}
	defer os.Remove(temp)
	if seen == nil {
		err = f.create(temp)
	} else {
		err = f.replace(ctx, temp, seen)
	}
	if err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(f.path)); err != nil {
		return fmt.Errorf("write the secret file: %w", err)
	}
	return nil
}

// writeTemp leaves the value in a file beside the one to be, so that it can take its name in one step.
func (f *FileSource) writeTemp(value []byte) (string, error) {
	temp, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".*") // mode 0600
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

// create gives the new file its name by a link, which fails where the name is taken; a rename would replace.
func (f *FileSource) create(temp string) error {
	err := os.Link(temp, f.path)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s exists", ErrChanged, f.path)
	}
	if err != nil {
		return fmt.Errorf("write the secret file: %w", err)
	}
	return nil
}

// replace compares and renames under a lock file, for no call of the system does both. Only here can a lock be
// left behind, by a process that dies between two system calls; what to do then is in the error.
func (f *FileSource) replace(ctx context.Context, temp string, seen []byte) error {
	lockPath := f.path + ".lock"
	lock, err := os.OpenFile(lockPath, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: another process writes %s; where none does, remove %s", ErrChanged, f.path, lockPath)
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
		return fmt.Errorf("%w: %s holds something else", ErrChanged, f.path)
	}
	if err := os.Rename(temp, f.path); err != nil {
		return fmt.Errorf("write the secret file: %w", err)
	}
	return nil
}

// syncDir puts a directory's names on disk; a file's own Sync does not.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
