package secret_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"latchkey/internal/secret"
)

// TestFileGet promises the whole file as it is, ErrAbsent for a missing file, and no read once ctx has ended.
func TestFileGet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	f := secret.File(path)
	if _, err := f.Get(t.Context()); !errors.Is(err, secret.ErrAbsent) {
		t.Errorf("no file: %v, want ErrAbsent", err)
	}
	for _, content := range []string{"", "{}", strings.Repeat("x", 64<<10)} {
		write(t, path, content, 0o600)
		if got, err := f.Get(t.Context()); err != nil || string(got) != content || got == nil {
			t.Errorf("%.9q: got %.9q, %v", content, got, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Get(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestFileMode promises that a file which others may read or write is refused, with the command that mends it.
func TestFileMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	for mode, ok := range map[os.FileMode]bool{
		0o600: true, 0o400: true, 0o700: true,
		0o640: false, 0o604: false, 0o620: false, 0o602: false, 0o610: false, 0o644: false, 0o666: false,
	} {
		write(t, path, "precious", mode)
		got, err := secret.File(path).Get(t.Context())
		if ok && (err != nil || string(got) != "precious") || !ok && (err == nil || got != nil) {
			t.Errorf("mode %o: %q, %v", mode, got, err)
		}
		if !ok && !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: %v, want the command that mends it", mode, err)
		}
	}
}

// TestFileOdd promises an error other than ErrAbsent for a file that cannot be a ring, because keys init would replace it.
func TestFileOdd(t *testing.T) {
	dir := t.TempDir()
	long := filepath.Join(dir, "long")
	write(t, long, strings.Repeat("x", 64<<10+1), 0o600)
	for _, path := range []string{dir, long, filepath.Join(long, "below")} {
		if got, err := secret.File(path).Get(t.Context()); err == nil || errors.Is(err, secret.ErrAbsent) {
			t.Errorf("%s: %.9q, %v", path, got, err)
		}
	}
}

// TestFilePut promises a complete file of mode 0600 if it is unchanged, ErrChanged otherwise, and no temporary file.
func TestFilePut(t *testing.T) {
	for _, tc := range []struct {
		name         string
		stored, seen []byte
		want         error
	}{
		{"first", nil, nil, nil},
		{"placeholder", []byte("{}"), []byte("{}"), nil},
		{"empty file", []byte{}, []byte{}, nil},
		{"told to overwrite", []byte("old ring"), []byte("old ring"), nil},
		{"exists", []byte("old ring"), nil, secret.ErrChanged},
		{"empty file, none seen", []byte{}, nil, secret.ErrChanged},
		{"changed", []byte("old ring"), []byte("{}"), secret.ErrChanged},
		{"gone", nil, []byte("{}"), secret.ErrChanged},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "keys.json")
			if tc.stored != nil {
				write(t, path, string(tc.stored), 0o600)
			}
			f := secret.File(path)
			if err := f.Put(t.Context(), tc.seen, []byte("precious")); !errors.Is(err, tc.want) {
				t.Fatalf("Put = %v, want %v", err, tc.want)
			}
			want := tc.stored
			if tc.want == nil {
				want = []byte("precious")
			}
			got, err := f.Get(t.Context())
			if !bytes.Equal(got, want) || (err != nil) != (want == nil) {
				t.Errorf("the file holds %q, %v; want %q", got, err, want)
			}
			if left, _ := os.ReadDir(dir); len(left) != min(1, len(left)) || (want == nil) != (len(left) == 0) {
				t.Errorf("left in the directory: %v", left)
			}
			if info, err := os.Stat(path); err == nil && info.Mode() != 0o600 {
				t.Errorf("mode %v", info.Mode())
			}
		})
	}
}

// TestFileRace promises that of many first starts one wins, that the others are told, and that a reader never sees
// half a ring; with a file that is absent and with a placeholder.
func TestFileRace(t *testing.T) {
	for name, seen := range map[string][]byte{"absent": nil, "placeholder": []byte("{}")} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys.json")
			if seen != nil {
				write(t, path, string(seen), 0o600)
			}
			f := secret.File(path)
			var winner atomic.Pointer[[]byte]
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					value := bytes.Repeat(fmt.Appendf(nil, "%04d", i), 4000)
					switch err := f.Put(t.Context(), seen, value); {
					case err == nil:
						if !winner.CompareAndSwap(nil, &value) {
							t.Error("two winners")
						}
					case !errors.Is(err, secret.ErrChanged):
						t.Error(err)
					}
				})
				wg.Go(func() {
					got, err := f.Get(t.Context())
					if err != nil && !errors.Is(err, secret.ErrAbsent) || err == nil && len(got) != 16000 && !bytes.Equal(got, seen) {
						t.Errorf("read %d bytes, %v", len(got), err)
					}
				})
			}
			wg.Wait()
			if winner.Load() == nil {
				t.Fatal("nobody won")
			}
			if got, err := f.Get(t.Context()); err != nil || !bytes.Equal(got, *winner.Load()) {
				t.Errorf("the file is not the winner's: %v", err)
			}
		})
	}
}

// TestFileLock promises that a lock left behind is named in the error, and never ignored.
func TestFileLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	write(t, path, "{}", 0o600)
	write(t, path+".lock", "", 0o600)
	err := secret.File(path).Put(t.Context(), []byte("{}"), []byte("precious"))
	if !errors.Is(err, secret.ErrChanged) || !strings.Contains(err.Error(), "remove "+path+".lock") {
		t.Errorf("Put = %v", err)
	}
	if _, err := os.Stat(path + ".lock"); err != nil {
		t.Error("another's lock was removed")
	}
}

// TestFileErrors promises that no error holds a value.
func TestFileErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, "precious old", 0o600)
	for _, path := range []string{filepath.Join(dir, "no", "such"), dir, file, filepath.Join(file, "below")} {
		for _, seen := range [][]byte{nil, []byte("precious seen")} {
			err := secret.File(path).Put(t.Context(), seen, []byte("precious new"))
			if err == nil || strings.Contains(err.Error(), "precious") {
				t.Errorf("Put to %s: %v", path, err)
			}
		}
	}
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(content), 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

// TestFileThroughALink promises that a write through a link replaces the file behind it and keeps the link.
func TestFileThroughALink(t *testing.T) {
	dir := t.TempDir()
	link, real := filepath.Join(dir, "link.json"), filepath.Join(dir, "real.json")
	if err := os.Symlink("real.json", link); err != nil {
		t.Skip("no symbolic links on this system")
	}
	f := secret.File(link)
	if err := f.Put(t.Context(), nil, []byte("ring 0")); err != nil {
		t.Fatal(err)
	}
	if err := f.Put(t.Context(), []byte("ring 0"), []byte("ring 1")); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(link); err != nil || target != "real.json" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	wantValue(t, secret.File(real).Get, "ring 1")
	wantValue(t, f.Get, "ring 1")
}

// TestFileOfAnotherUser promises that root neither reads nor replaces a service's file: the service could not read the new
// one. Only root can make the file that it needs.
func TestFileOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root; internal/privatefile tests the rule without it")
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	write(t, path, "ring 0", 0o600)
	if err := os.Chown(path, 4711, 4711); err != nil {
		t.Fatal(err)
	}
	f := secret.File(path)
	if _, err := f.Get(t.Context()); err == nil || !strings.Contains(err.Error(), "user with id 4711") {
		t.Errorf("Get: %v", err)
	}
	if err := f.Put(t.Context(), []byte("ring 0"), []byte("ring 1")); err == nil || !strings.Contains(err.Error(), "user with id 4711") {
		t.Errorf("Put: %v", err)
	}
}
