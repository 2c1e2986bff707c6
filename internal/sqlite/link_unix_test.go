//go:build unix

package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/sqlite"
)

// TestOpenThroughLinks promises that a store opened through a link, to the file or to a directory, is the same as under
// its own path: its log is checked and synced, and nothing is created next to the link.
func TestOpenThroughLinks(t *testing.T) {
	dir := t.TempDir()
	data, links := filepath.Join(dir, "data"), filepath.Join(dir, "links")
	for _, folder := range []string{data, links} {
		must(t, os.Mkdir(folder, 0o700))
	}
	for link, target := range map[string]string{"file": "../data/store.db", "new": "../data/new.db", "folder": "../data", "chain": "file"} {
		must(t, os.Symlink(target, filepath.Join(links, link)))
	}
	must(t, open(t, filepath.Join(data, "store.db")).Close())
	for _, path := range []string{"file", "new", "chain", "folder/store.db", "folder/third.db"} {
		path = filepath.Join(links, path)
		s := open(t, path)
		synced := make(chan struct{})
		s.BeforeSync(func() { close(synced) })
		must(t, s.PutSession(t.Context(), newSession("ada")))
		must(t, s.Close())
		<-synced
	}
	left, err := os.ReadDir(links)
	must(t, err)
	if len(left) != 4 {
		t.Errorf("next to the links: %v", left)
	}
	wal := filepath.Join(data, "store.db-wal")
	must(t, os.WriteFile(wal, nil, 0o644))
	must(t, os.Chmod(wal, 0o644))
	for _, path := range []string{"file", "chain", "folder/store.db"} {
		if _, err := sqlite.Open(t.Context(), filepath.Join(links, path)); err == nil || !strings.Contains(err.Error(), "chmod 600 ") {
			t.Errorf("Open of %s with a log that others can read: %v", path, err)
		}
	}
}

// TestOpenRefusesAnotherUsersFile promises that root does not leave files of its own in a service's store. Only root can
// make the file that it needs.
func TestOpenRefusesAnotherUsersFile(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root; internal/privatefile tests the rule without it")
	}
	path := filepath.Join(t.TempDir(), "store.db")
	must(t, open(t, path).Close())
	must(t, os.Chown(path, 4711, 4711))
	if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "user with id 4711") {
		t.Errorf("Open of another user's file: %v", err)
	}
	if left, _ := filepath.Glob(path + "-*"); left != nil {
		t.Errorf("left next to it: %v", left)
	}
}
