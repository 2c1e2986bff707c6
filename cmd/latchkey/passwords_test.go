package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPasswordsCheck promises the rule that refuses a password, by the built-in list and by one of the operator's own.
func TestPasswordsCheck(t *testing.T) {
	l := newLaptop(t)
	words := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(words, []byte("a phrase of our own\nanother one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := words + ".list"
	if got := l.ok("", "passwords", "build", words, "-o", list); !strings.HasPrefix(got, "2 passwords in ") {
		t.Errorf("build prints %q", got)
	}
	for _, test := range []struct {
		typed, list, want string
		exit              int
	}{
		{"a phrase of our own", "", "may be chosen", exitOK},
		{"a phrase of our own", list, "attackers try first", exitFailed},
		{"iloveyou", "", "attackers try first", exitFailed},
		{"short", "", "at least 8 characters", exitFailed},
	} {
		l.env["LATCHKEY_PASSWORD_LIST"] = test.list
		got := l.run(test.typed+"\n", "passwords", "check", "--password-stdin")
		if got.code != test.exit || !strings.Contains(got.out, test.want) {
			t.Errorf("%q with list %q: exit %d, %q", test.typed, test.list, got.code, got.out)
		}
	}
}

// TestPasswordsBuildRefuses promises that a bad source or call writes no list.
func TestPasswordsBuildRefuses(t *testing.T) {
	l := newLaptop(t)
	target := filepath.Join(t.TempDir(), "list")
	l.fails(exitFailed, "good\nb\xffd\n", []string{"passwords", "build", "-", "-o", target}, "line 2", "UTF-8")
	l.fails(exitFailed, "", []string{"passwords", "build", "-", "-o", target}, "no passwords")
	l.fails(exitUsage, "a\n", []string{"passwords", "build", "-"}, "--output")
	l.fails(exitUsage, "a\n", []string{"passwords", "build", "-", "-o", target, "--top", "-1"}, "--top")
	if _, err := os.Stat(target); err == nil {
		t.Error("a list was written")
	}
}

// TestListedPasswords promises that an operator sets a common password only on purpose, and that the audit says so.
func TestListedPasswords(t *testing.T) {
	l := newLaptop(t)
	l.fails(exitFailed, "iloveyou\n", []string{"users", "add", "eve@example.com", "--password-stdin"}, "attackers try first", "--allow-listed")
	l.fails(exitFailed, "example.com\n", []string{"users", "add", "eve@example.com", "--password-stdin"}, "your address")
	l.ok("iloveyou\n", "users", "add", "eve@example.com", "--password-stdin", "--allow-listed")
	l.fails(exitFailed, "PASSWORD\n", []string{"users", "set-password", "eve@example.com", "--password-stdin"}, "attackers try first")
	got := l.run("password\n", "users", "set-password", "eve@example.com", "--password-stdin", "--allow-listed", "--audit", "-")
	if got.code != exitOK || !strings.Contains(got.err, `"listed":true`) {
		t.Errorf("exit %d, %s", got.code, got.err)
	}
}
