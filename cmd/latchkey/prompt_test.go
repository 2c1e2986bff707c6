package main

import "testing"

// TestPasswordFromStandardInput promises that neither a line break nor PowerShell's byte order mark becomes part of the password,
// and that UTF-16 is refused by name.
func TestPasswordFromStandardInput(t *testing.T) {
	l := newLaptop(t)
	l.ok("", "keys", "init")
	l.ok("first password", "users", "add", "ada@example.com", "--password-stdin")
	s := l.serve()
	for _, input := range []string{"new password", "new password\n", "new password\r\n", "\ufeffnew password\r\n"} {
		l.ok(input, "users", "set-password", "ada@example.com", "--password-stdin")
		if got := s.signIn("ada@example.com", "new password"); got.status != 200 {
			t.Errorf("%q: the sign-in is answered %d", input, got.status)
		}
	}
	for _, input := range []string{"\xff\xfen\x00e\x00w\x00", "\xfe\xff\x00n\x00e\x00w"} {
		l.fails(exitFailed, input, []string{"users", "set-password", "ada@example.com", "--password-stdin"}, "is UTF-16, not UTF-8")
	}
	if got := s.signIn("ada@example.com", "new password"); got.status != 200 {
		t.Errorf("after a refused password the sign-in is answered %d", got.status)
	}
}
