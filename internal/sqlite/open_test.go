package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/sqlite"
)

func TestOpenRefusesWhatIsNoStore(t *testing.T) {
	for _, test := range []struct {
		name   string
		make   func(t *testing.T, path string)
		advice string
	}{
		{"directory", func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) }, "name a file"},
		{"text", func(t *testing.T, path string) {
			must(t, os.WriteFile(path, bytes.Repeat([]byte("no database "), 500), 0o600))
		}, "not a store: name another one"},
		{"database of another program", func(t *testing.T, path string) {
			raw(t, path, "CREATE TABLE songs (title TEXT)").Close()
		}, "another program: name another file"},
		{"database marked by another program", func(t *testing.T, path string) {
			raw(t, path, "PRAGMA application_id = 7", "PRAGMA user_version = 1").Close()
		}, "another program: name another file"},
		{"newer version", func(t *testing.T, path string) {
			open(t, path).Close()
			raw(t, path, "PRAGMA user_version = 99").Close()
		}, fmt.Sprintf("version 99 and this latchkey knows versions up to %d", len(sqlite.Schema()))},
		{"damaged", func(t *testing.T, path string) {
			open(t, path).Close()
			must(t, os.Truncate(path, 4096+100))
		}, "damaged: restore a backup"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			test.make(t, path)
			before, _ := os.ReadFile(path)
			_, err := sqlite.Open(t.Context(), path)
			if err == nil || !strings.Contains(err.Error(), test.advice) || !strings.Contains(err.Error(), path) {
				t.Errorf("Open: %v, want an error that names the file and says %q", err, test.advice)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOpenWhereThereIsNoDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "store.db")
	if _, err := sqlite.Open(t.Context(), path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("Open: %v, want an error that names the file and says that its directory is not there", err)
	}
}

func TestOpenTakesAnyFileName(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"plain", ":memory:", "a b.db", "a?mode=memory&x=y.db", "50%41#é.db", "sub/./store.db"} {
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		s := open(t, path)
		must(t, s.CreateUser(t.Context(), authtest.Ada()))
		must(t, s.Close())
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q is not the file that was written: %v", path, err)
		}
		if _, err := open(t, path).UserByID(t.Context(), authtest.Ada().ID); err != nil {
			t.Errorf("%q after it was closed and opened again: %v", path, err)
		}
	}
}

func TestOpenGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "store.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v, want canceled", err)
	}
}

func TestOpenANewFileManyTimesAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	var opening errgroup.Group
	for i := range 8 {
		opening.Go(func() error {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				return err
			}
			return errors.Join(s.CreateUser(t.Context(), numbered(i)), s.Close())
		})
	}
	must(t, opening.Wait())
	s := open(t, path)
	for i := range 8 {
		if _, err := s.UserByID(t.Context(), numbered(i).ID); err != nil {
			t.Errorf("user %d: %v", i, err)
		}
	}
}

func TestCloseEndsTheStore(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	for range 2 {
		must(t, s.Close())
	}
	_, err := s.UserByID(t.Context(), "ada")
	if !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("UserByID: %v, want unavailable", err)
	}
	if err := s.CreateUser(t.Context(), authtest.Ada()); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("CreateUser: %v, want unavailable", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
