package main

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/admin"
)

const (
	tryBcrypt = "$2b$04$0CFXXFuSpAhR9tPEVwczQ.dAcFPAxMWaN.OQGGzAKHEmdaQGOa5ZG"
	tryMeteor = "$2b$04$z2tV/tMkJbZwgyoMhkUpz.CwKQvjeQvUUZqyh5abaQ5V50B2bYEz2" // of the password's SHA-256 digest, as Meteor makes it
)

// TestUsersTry promises the scheme, the verdict and the exit code for stored and given hashes, and that nothing is changed.
func TestUsersTry(t *testing.T) {
	l := newLaptop(t)
	l.ok(`{"email":"ada@example.com","id":"u-ada","status":"ready","passwordHash":"`+tryMeteor+`"}
{"email":"left@example.com","status":"disabled","passwordHash":"`+tryMeteor+`"}
{"email":"joan@example.com","status":"pending"}
`, "users", "import", "-")
	l.ok(secretPassword, "users", "add", "new@example.com", "--password-stdin")
	before := l.user("ada@example.com")
	file := l.write("hash.txt", tryMeteor+"\n")
	const plain, digest = "correct horse battery staple", "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a"
	for _, test := range []struct {
		name, stdin string
		args        []string
		code        int
		want        string
	}{
		{"a stored hash", digest, []string{"ada@example.com", "--password-stdin"}, exitOK, "ada@example.com: bcrypt, cost 4; the password matches; a sign-in renews the hash\n"},
		{"by id", digest, []string{"u-ada", "--password-stdin"}, exitOK, "the password matches"},
		{"a wrong password", "wrong", []string{"ada@example.com", "--password-stdin"}, exitFailed, "bcrypt, cost 4; the password does not match; docs/hashes.md"},
		{"a changed password", plain, []string{"ada@example.com", "--password-stdin"}, exitFailed, "does not match: the hash is of the password's SHA-256 digest"},
		{"a disabled user", digest, []string{"left@example.com", "--password-stdin"}, exitOK, "the password matches; a sign-in renews the hash; the user is disabled and cannot sign in\n"},
		{"a new hash", secretPassword + "\r\n", []string{"new@example.com", "--password-stdin"}, exitOK, "the hash is as new ones are\n"},
		{"a hash in a file", "\ufeff" + digest + "\n", []string{"--hash", file, "--password-stdin"}, exitOK, "bcrypt, cost 4; the password matches; a sign-in renews the hash\n"},
		{"a hash after the password", digest + "\r\n" + tryMeteor + "\r\n", []string{"ada@example.com", "--hash", "-", "--password-stdin"}, exitOK, "bcrypt, cost 4; the password matches"},
		{"a hash in braces", digest + "\n{bcrypt}" + tryMeteor, []string{"--hash", "-", "--password-stdin"}, exitOK, "bcrypt, cost 4; the password matches"},
	} {
		got := l.run(test.stdin, append([]string{"users", "try"}, test.args...)...)
		if got.code != test.code || !strings.Contains(got.out, test.want) || got.err != "" {
			t.Errorf("%s: exit %d, %q, %q; want %d and %q", test.name, got.code, got.out, got.err, test.code, test.want)
		}
	}
	if after := l.user("ada@example.com"); after.PasswordHash != before.PasswordHash || after.Version != before.Version {
		t.Errorf("the user has changed: %+v", after)
	}
	var trial admin.Trial
	if err := json.Unmarshal([]byte(l.ok(digest, "users", "try", "ada@example.com", "--password-stdin", "--json")), &trial); err != nil {
		t.Fatal(err)
	}
	if want := (admin.Trial{Email: "ada@example.com", Status: "ready", Hash: "bcrypt, cost 4", Matches: true, Renewed: true}); trial != want {
		t.Errorf("JSON %+v, want %+v", trial, want)
	}
}

// TestUsersTryRefuses promises a reason where nothing can be tried, without the hash or the password in it.
func TestUsersTryRefuses(t *testing.T) {
	l := newLaptop(t)
	l.ok(`{"email":"joan@example.com","status":"pending"}`, "users", "import", "-")
	for _, test := range []struct {
		name, stdin string
		args        []string
		code        int
		want        string
	}{
		{"no such user", "hunter2hunter2", []string{"eve@example.com", "--password-stdin"}, exitFailed, "there is no user eve@example.com"},
		{"no password", "hunter2hunter2", []string{"joan@example.com", "--password-stdin"}, exitFailed, "joan@example.com has no password; the status is pending"},
		{"a refused hash", "hunter2hunter2\n$1$saltsalt$hunter2hunter2", []string{"--hash", "-", "--password-stdin"}, exitFailed, "MD5-crypt: fast to guess"},
		{"no hash", "hunter2hunter2\n", []string{"--hash", "-", "--password-stdin"}, exitFailed, "is empty"},
		{"no such file", "hunter2hunter2", []string{"--hash", "absent.txt", "--password-stdin"}, exitFailed, "read the hash: "},
		{"no terminal", "hunter2hunter2", []string{"joan@example.com", "--hash", "-"}, exitFailed, "not a terminal"},
		{"UTF-16", "\xff\xfeh\x00", []string{"--hash", l.write("hash.txt", tryBcrypt), "--password-stdin"}, exitFailed, "is UTF-16"},
		{"nobody", "", []string{"--password-stdin"}, exitUsage, "takes EMAIL|ID"},
		{"two users", "", []string{"a@example.com", "b@example.com"}, exitUsage, "takes EMAIL|ID"},
	} {
		got := l.fails(test.code, test.stdin, append([]string{"users", "try"}, test.args...), test.want)
		if strings.Contains(got.err+got.out, "hunter2") {
			t.Errorf("%s: shows a secret: %s%s", test.name, got.out, got.err)
		}
	}
}
