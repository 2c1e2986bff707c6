package main

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/sqlite"
	"latchkey/internal/userfile"
)

// madeUp returns users as writeUsers generates them.
func madeUp(t *testing.T, n int) []auth.User {
	t.Helper()
	var out bytes.Buffer
	if err := writeUsers(t.Context(), &out, n); err != nil {
		t.Fatal(err)
	}
	var users []auth.User
	for line := range strings.Lines(out.String()) {
		entry, err := userfile.Decode([]byte(line))
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		users = append(users, auth.NewUser(entry.User, time.Now()))
	}
	return users
}

func TestMadeUpUsers(t *testing.T) {
	ids := map[string]bool{}
	for i, u := range madeUp(t, 100) {
		if ids[u.ID] || u.Email != email(i) || u.Status != auth.StatusReady {
			t.Errorf("%+v", u)
		}
		ids[u.ID] = true
	}
	if len(ids) != 100 {
		t.Errorf("%d users", len(ids))
	}
}

// TestBareInsert promises that the bare side inserts every row, as Latchkey would read it.
func TestBareInsert(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from.db"), filepath.Join(dir, "to.db")
	stored := func(path string, users ...auth.User) map[string]string {
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, err := range s.CreateUsers(t.Context(), users) {
			if err != nil {
				t.Fatal(err)
			}
		}
		all := map[string]string{}
		for u, err := range s.AllUsers(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			all[u.ID] = fmt.Sprintf("%+v", u)
		}
		return all
	}
	want := stored(from, madeUp(t, 2*bareBatch+7)...)
	stored(to)
	var out bytes.Buffer
	if err := playInsert(t.Context(), from, to, &out); err != nil || !strings.HasPrefix(out.String(), "inserted in ") {
		t.Fatalf("%v: %s", err, &out)
	}
	if got := stored(to); len(want) != 2*bareBatch+7 || !maps.Equal(want, got) {
		t.Errorf("%d rows became %d", len(want), len(got))
	}
}
