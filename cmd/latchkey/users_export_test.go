package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/userfile"
)

// TestExportedUsersComeBack promises that an export, imported elsewhere, is the same users with the same hashes, of every
// status and with every field, who sign in; and that exporting those gives the same lines.
func TestExportedUsersComeBack(t *testing.T) {
	l, elsewhere := newLaptop(t), newLaptop(t)
	l.addAda()
	full := authtest.Filled[auth.User]()
	full.Locale = "pt-BR"
	full.ID, full.Role, full.PasswordHash, full.Email = "u-full", "editor", bcryptHash, full.Identifier.String()
	full.Factors = auth.Factors{} // not exported, with a warning
	for i := range full.Accounts {
		full.Accounts[i].ID, full.Accounts[i].OrganizationID = "a"+string(rune('0'+i)), "o1"
	}
	if err := l.store().CreateUser(t.Context(), full); err != nil {
		t.Fatal(err)
	}
	l.ok(`{"email":"Joan@Example.com","status":"pending","subscription":{"id":9007199254740993}}`+"\n"+
		`{"email":"bob@bücher.example","passwordHash":"`+bcryptHash+`","status":"disabled","accounts":[{"organizationId":"o","organizationName":"","userType":"t"}]}`,
		"users", "import", "-")
	file := l.path("users.jsonl")
	if got := l.run("", "users", "export", file); got.code != exitOK || got.err != "4 exported\n" || got.out != "" {
		t.Fatalf("%+v", got)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	exported := l.read("users.jsonl")
	if !strings.Contains(exported, `{"id":9007199254740993}`) {
		t.Errorf("a large number changed:\n%s", exported)
	}
	if got := elsewhere.run(exported, "users", "import", "-"); got.code != exitOK || !strings.HasSuffix(got.err, "4 added, 0 updated, 0 refused, 0 unchanged\n") {
		t.Fatalf("%+v", got)
	}
	if again := elsewhere.ok("", "users", "export", "-"); again != exported {
		t.Errorf("exported\n%sand from elsewhere\n%s", exported, again)
	}
	for _, email := range []string{"ada@example.com", "joan@example.com", "bob@bücher.example", full.Identifier.String()} {
		if names, err := userfile.Differences(l.user(email), elsewhere.user(email)); len(names) > 0 || err != nil {
			t.Errorf("%s differs in %q, %v", email, names, err)
		}
	}
	if got := elsewhere.serve().signIn("ada@example.com", secretPassword); got.status != 200 {
		t.Errorf("%+v", got)
	}
	for _, args := range [][]string{{"import", file}, {"import", file, "--update"}} { // where they came from, nothing changes
		if got := l.run("", append([]string{"users"}, args...)...); got.code != exitOK || got.err != "0 added, 0 updated, 0 refused, 4 unchanged\n" {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

// TestExportKeepsFiles promises that no file is written over without --force, that nothing but a file ever is, and that
// where it fails no part of a file is left.
func TestExportKeepsFiles(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	old := l.write("old.jsonl", "old")
	l.fails(exitFailed, "", []string{"users", "export", old}, "old.jsonl already exists; --force replaces it")
	l.fails(exitFailed, "", []string{"users", "export", l.dir, "--force"}, "is not a regular file")
	l.fails(exitFailed, "", []string{"users", "export", os.DevNull, "--force"}, "is not a regular file")
	l.fails(exitFailed, "", []string{"users", "export", l.path("none/users.jsonl")}, "no such file")
	if l.read("old.jsonl") != "old" {
		t.Error("the file changed")
	}
	if err := os.Chmod(old, 0o644); err != nil {
		t.Fatal(err)
	}
	l.ok("", "users", "export", old, "--force")
	if info, err := os.Stat(old); err != nil || info.Mode() != 0o600 || !strings.Contains(l.read("old.jsonl"), "ada@example.com") {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	err := writeAtomically(l.path("new.jsonl"), false, func(out io.Writer) error {
		l.write("new.jsonl", "of somebody else")
		_, err := io.WriteString(out, "ours")
		return err
	})
	if !errors.Is(err, auth.ErrConflict) || l.read("new.jsonl") != "of somebody else" {
		t.Errorf("a file that came meanwhile: %v, %s", err, l.read("new.jsonl"))
	}
	if err := writeAtomically(l.path("broken.jsonl"), true, func(io.Writer) error { return errors.New("broken") }); err == nil {
		t.Error("a broken export is no error")
	}
	want := []string{"keys.json", "new.jsonl", "old.jsonl", "users.db"}
	if left := slices.DeleteFunc(l.files(), func(name string) bool { return slices.Contains(want, name) || strings.HasPrefix(name, "users.db-") }); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// TestExportSaysWhatCannotComeBack promises that a user that an import would refuse is exported and named.
func TestExportSaysWhatCannotComeBack(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	u := l.user("ada@example.com")
	u.PasswordHash = ""
	if err := l.store().UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	got := l.fails(exitFailed, "", []string{"users", "export", "-"}, "ada@example.com: password or passwordHash is missing", "1 exported", "1 of them cannot be imported")
	if !strings.Contains(got.out, `"id":"u-ada"`) {
		t.Errorf("%+v", got)
	}
}

// TestExportInterrupted promises that an interrupted export fails and leaves no file.
func TestExportInterrupted(t *testing.T) {
	l := newLaptop(t)
	var lines strings.Builder
	for i := range 1000 {
		lines.WriteString(`{"email":"u` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + "-" + strings.Repeat("y", i/26) + `@example.com","status":"pending"}` + "\n")
	}
	l.ok(lines.String(), "users", "import", "-")
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var log output
	if code := run(ctx, l.cli("", nil, &log), []string{"users", "export", l.path("users.jsonl")}); code != exitFailed {
		t.Errorf("exit %d: %s", code, &log)
	}
	if files, _ := filepath.Glob(l.path("users.jsonl*")); len(files) > 0 {
		t.Errorf("left %q", files)
	}
	c := l.cli("", nil, &log)
	c.out = full{}
	if code := run(t.Context(), c, []string{"users", "export", "-"}); code != exitFailed || !strings.Contains(log.String(), "disk full") {
		t.Errorf("exit %d: %s", code, &log)
	}
}

// count returns how many lines a file has, each of which must be a user.
func count(t *testing.T, in io.Reader) int {
	t.Helper()
	n := 0
	for lines := bufio.NewScanner(in); lines.Scan(); n++ {
		if _, err := userfile.Decode(lines.Bytes()); err != nil {
			t.Errorf("line %d: %v", n+1, err)
		}
	}
	return n
}
