//go:build unix

package doctest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/emulator"
	"latchkey/internal/password"
	"latchkey/internal/userfile"
)

const (
	migratePage = "docs/migrate.md"
	migrated    = "correct horse battery staple" // the password of every user in testdata/migrate
)

// client stands in for psql, mysql and sqlite3: it runs the statement on SQLite, with PostgreSQL's functions defined.
const client = `#!/usr/bin/env python3
import json, os, sqlite3, sys

path = sys.argv[1] if sys.argv[0].endswith("sqlite3") else "export.db"
db = sqlite3.connect(path)
db.execute("ATTACH ? AS auth", [path])
db.create_function("json_build_object", -1, lambda *a: json.dumps(dict(zip(a[::2], a[1::2]))))
db.create_function("now", 0, lambda: "2026-11-27")
for row in db.execute(sys.stdin.read()):
    print(row[0])
`

// TestMigrations promises that each command of docs/migrate.md, as printed, turns a small export of its system into users that
// can be imported, with the ids, statuses and passwords they had.
func TestMigrations(t *testing.T) {
	python := filepath.Dir(emulator.PyJWT(t))
	page := read(t, migratePage)
	systems, err := filepath.Glob("testdata/migrate/*")
	if err != nil {
		t.Fatal(err)
	}
	bin := buildUnlessShort(t)
	found := 0
	for _, m := range regexp.MustCompile(`(?m)^## (.*)\n`).FindAllStringSubmatch(page, -1) {
		snippets := snippetsOf("\n" + section(t, page, m[1]))
		if len(snippets) == 0 || m[1] == "Try one user first" {
			continue
		}
		found++
		t.Run(m[1], func(t *testing.T) {
			if len(snippets) != 1 {
				t.Fatalf("%d commands", len(snippets))
			}
			export := filepath.Join("testdata/migrate", strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(m[1]), "-"), "-"))
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(export)); err != nil {
				t.Fatal(err)
			}
			runScript(t, dir, clients(t, dir, python), "set -eo pipefail\n"+snippets[0].code)
			wantUsers(t, dir)
			if bin != "" && m[1] != "Cognito" { // which gives no passwords out
				try(t, bin, dir, page)
			}
		})
	}
	if found != len(systems) {
		t.Errorf("%d systems have a command, and %d have an export", found, len(systems))
	}
}

// clients puts the stand-ins and the export's database into the folder, and returns a PATH for the command.
func clients(t *testing.T, dir, python string) string {
	t.Helper()
	bin := t.TempDir()
	for _, name := range []string{"psql", "mysql", "sqlite3"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(client), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	path := bin + ":" + python
	if _, err := os.Stat(filepath.Join(dir, "export.sql")); err == nil {
		runScript(t, dir, path, `python3 -c 'import sqlite3; sqlite3.connect("export.db").executescript(open("export.sql").read())'
mkdir tmp && cp export.db tmp/db.sqlite3`)
	}
	return path
}

// wantUsers compares users.jsonl with want.txt: id (or -), address, status, "correct" if the password matches the hash, and the
// seed of an authenticator app.
func wantUsers(t *testing.T, dir string) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "users.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hasher := password.New(password.Default(), 0)
	var got strings.Builder
	for batch, err := range userfile.Read(t.Context(), file) {
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range batch.Lines {
			if l.Err != nil {
				t.Errorf("line %d is refused: %v", l.Number, l.Err)
				continue
			}
			u := l.Entry.User
			if l.Entry.NewID {
				u.ID = "-"
			}
			fmt.Fprint(&got, u.ID, " ", u.Email, " ", u.Status)
			if match, _, err := hasher.Verify(t.Context(), u.PasswordHash, migrated); err != nil {
				t.Fatal(err)
			} else if match {
				fmt.Fprint(&got, " correct")
			}
			for _, secret := range l.Entry.Secrets {
				fmt.Fprint(&got, " totp:", secret)
			}
			fmt.Fprintln(&got)
		}
	}
	want, err := os.ReadFile(filepath.Join(dir, "want.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("users:\n%swant:\n%s", got.String(), want)
	}
}

func buildUnlessShort(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		return ""
	}
	bin := t.TempDir()
	run(t, exec.Command("go", "build", "-o", bin+"/latchkey", "./cmd/latchkey"))
	return bin
}

// try runs the page's lines about trying one user.
func try(t *testing.T, bin, dir, page string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "password.txt"), []byte(migrated+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range snippetsOf("\n" + section(t, page, "Try one user first")) {
		if out := runScript(t, dir, bin, "set -e\n"+s.code); !strings.Contains(out, "the password matches") {
			t.Errorf("printed:\n%s", out)
		}
	}
}
