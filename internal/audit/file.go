package audit

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
)

// File is a file that lines are appended to. It may be renamed, removed or replaced at any time, as log rotation does: the next
// line goes to the file that has the name then. It may be used concurrently.
type File struct {
	name string
	mu   sync.Mutex
	file *os.File
	info fs.FileInfo // of file
}

// OpenFile opens the file for appending, or creates it that only its owner can read.
func OpenFile(name string) (*File, error) {
	f := &File{name: name}
	return f, f.Reopen()
}

// Reopen opens the file that has the name now. On an error the old one stays in use.
func (f *File) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reopen()
}

func (f *File) reopen() error {
	file, err := os.OpenFile(f.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the audit file: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return fmt.Errorf("open the audit file: %w", err)
	}
	if f.file != nil {
		f.file.Close()
	}
	f.file, f.info = file, info
	return nil
}

// Write appends one line. If the file was moved away it is opened again; if that fails, the line goes to the moved one.
func (f *File) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.moved() {
		_ = f.reopen() // the old file still takes the line
	}
	return f.file.Write(line)
}

// moved reports whether the name leads to a file other than the open one, or does not exist. Pipes and devices do not move.
func (f *File) moved() bool {
	if !f.info.Mode().IsRegular() {
		return false
	}
	now, err := os.Stat(f.name)
	return err != nil || !os.SameFile(now, f.info)
}

// Public reports whether every user of the machine may read or write the file; records name users and their addresses.
func (f *File) Public() bool {
	const everyone = 0o007
	return runtime.GOOS != "windows" && f.info.Mode().IsRegular() && f.info.Mode().Perm()&everyone != 0
}

// Close closes the file; no line can be written after it.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Close()
}
