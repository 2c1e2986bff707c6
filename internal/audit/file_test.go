package audit_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"latchkey/internal/audit"
)

func openFile(t *testing.T, name string) *audit.File {
	t.Helper()
	f, err := audit.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func write(t *testing.T, f *audit.File, line string) {
	t.Helper()
	if n, err := f.Write([]byte(line)); n != len(line) || err != nil {
		t.Fatalf("Write(%q) = %d, %v", line, n, err)
	}
}

func want(t *testing.T, name, text string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != text {
		t.Errorf("%s holds %q (error %v), want %q", filepath.Base(name), got, err, text)
	}
}

// TestFileIsRotated promises that a line goes to the file that has the name, after everything that rotation does to it.
func TestFileIsRotated(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not rename open files")
	}
	name := filepath.Join(t.TempDir(), "audit.jsonl")
	f := openFile(t, name)
	write(t, f, "1\n")
	check(t, os.Rename(name, name+".1"))
	write(t, f, "2\n")
	want(t, name+".1", "1\n")
	want(t, name, "2\n")

	check(t, os.Remove(name))
	write(t, f, "3\n")
	want(t, name, "3\n")

	check(t, os.Rename(name, name+".2")) // and made by the one who rotates it
	check(t, os.WriteFile(name, nil, 0o600))
	write(t, f, "4\n")
	want(t, name, "4\n")

	check(t, os.Truncate(name, 0)) // copytruncate
	write(t, f, "5\n")
	want(t, name, "5\n")

	check(t, os.Rename(name, name+".3"))
	check(t, f.Reopen())
	want(t, name, "")
	write(t, f, "6\n")
	want(t, name, "6\n")
	want(t, name+".3", "5\n")
}

// TestFileThatCannotBeOpenedAgain promises that no line is lost while the name leads nowhere, and that the file comes back.
func TestFileThatCannotBeOpenedAgain(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not rename the folder of an open file")
	}
	dir := filepath.Join(t.TempDir(), "log")
	check(t, os.Mkdir(dir, 0o700))
	name := filepath.Join(dir, "audit.jsonl")
	f := openFile(t, name)
	write(t, f, "1\n")
	check(t, os.Rename(dir, dir+".old"))
	write(t, f, "2\n")
	want(t, filepath.Join(dir+".old", "audit.jsonl"), "1\n2\n")
	if err := f.Reopen(); err == nil || strings.Contains(err.Error(), "2\n") {
		t.Errorf("Reopen: %v, want an error", err)
	}
	check(t, os.Mkdir(dir, 0o700))
	write(t, f, "3\n")
	want(t, name, "3\n")
}

// TestFileMode promises that only its owner can read a new file, and that a file which everyone can read is recognized.
func TestFileMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	name := filepath.Join(t.TempDir(), "audit.jsonl")
	f := openFile(t, name)
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 || f.Public() {
		t.Errorf("a new file has %v (error %v), public %t", info.Mode(), err, f.Public())
	}
	for mode, public := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o662: true} {
		check(t, os.Chmod(name, mode))
		if got := openFile(t, name).Public(); got != public {
			t.Errorf("mode %v: public %t, want %t", mode, got, public)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
