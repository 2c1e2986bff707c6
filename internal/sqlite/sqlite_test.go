package sqlite_test

import (
	"path/filepath"
	"testing"

	"latchkey/internal/authtest"
	"latchkey/internal/sqlite"
)

func TestStoreContract(t *testing.T) {
	authtest.RunStore(t, func(t *testing.T) authtest.Store {
		return open(t, filepath.Join(t.TempDir(), "store.db"))
	})
}

func TestThrottle(t *testing.T) {
	authtest.RunThrottle(t, 25, func(t *testing.T) authtest.Store {
		return open(t, filepath.Join(t.TempDir(), "store.db"))
	})
}

func TestPasskeys(t *testing.T) {
	authtest.RunPasskeys(t, func(t *testing.T) authtest.Store {
		return open(t, filepath.Join(t.TempDir(), "store.db"))
	})
}

func TestMailed(t *testing.T) {
	authtest.RunMailed(t, func(t *testing.T) authtest.Store {
		return open(t, filepath.Join(t.TempDir(), "store.db"))
	})
}

// open returns the store in the file, which the end of the test closes.
func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
