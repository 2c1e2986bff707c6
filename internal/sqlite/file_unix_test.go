//go:build unix

package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"latchkey/internal/authtest"
	"latchkey/internal/sqlite"
)

// An umask belongs to the whole process, so this test must not run in parallel.
func TestFilesAreForTheirOwnerOnlyWhateverTheUmask(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o277} {
		path := filepath.Join(t.TempDir(), "store.db")
		defer syscall.Umask(syscall.Umask(umask))
		s := open(t, path)
		must(t, s.CreateUser(t.Context(), authtest.Ada()))
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			info, err := os.Stat(name)
			if err != nil {
				t.Error(err)
			} else if got := info.Mode().Perm(); got != 0o600 {
				t.Errorf("umask %04o: %s has mode %04o, want 0600", umask, filepath.Base(name), got)
			}
		}
	}
}

func TestOpenRefusesAFileThatOthersCanOpen(t *testing.T) {
	for _, name := range []string{"store.db", "store.db-wal", "store.db-shm"} {
		for _, mode := range []os.FileMode{0o644, 0o640, 0o602, 0o610} {
			path := filepath.Join(t.TempDir(), "store.db")
			must(t, open(t, path).Close())
			exposed := strings.Replace(path, "store.db", name, 1)
			must(t, os.WriteFile(exposed, nil, 0o600))
			must(t, os.Chmod(exposed, mode))
			_, err := sqlite.Open(t.Context(), path)
			if err == nil || !strings.Contains(err.Error(), "run chmod 600 "+exposed) {
				t.Errorf("Open of %s with mode %04o: %v, want advice to run chmod", name, mode, err)
			}
		}
	}
}
