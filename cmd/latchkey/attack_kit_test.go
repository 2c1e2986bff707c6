package main

import (
	"fmt"
	"net/http"
	"os"
	"testing"
)

// The attacks are the TestAttack… functions: a little of each with every run of the tests, and all of it, and told, by
// `make attack`. docs/attacks.md has what they said.

// inFull reports whether an attack is made at its full size. Smaller ones run in parallel with other tests.
func inFull(t *testing.T) bool {
	full := os.Getenv("LATCHKEY_ATTACK") == "full"
	if !full {
		t.Parallel()
	}
	return full
}

// tell adds a line to the transcript.
func tell(t testing.TB, format string, args ...any) { fmt.Fprintf(t.Output(), format+"\n", args...) }

// besieged is a real server, in a process of its own, with Ada among its users.
func (l *laptop) besieged(args ...string) (s *server, pid int) {
	l.Helper()
	l.addAda()
	cmd := l.process(l.Context(), append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	s = l.launch(cmd)
	return s, cmd.Process.Pid
}

// tokens signs Ada in and returns what a thief would like to have.
func (s *server) tokens() (access, refresh string) {
	s.Helper()
	got := s.signIn("ada@example.com", secretPassword)
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if c.Name == "planpointRefresh" {
			refresh = c.Value
		}
	}
	access, _ = got.body["access_token"].(string)
	if access == "" || refresh == "" {
		s.Fatalf("Ada cannot sign in: %+v", got)
	}
	return access, refresh
}

// me asks who the access token speaks for, and returns the status.
func (s *server) me(access string) int {
	s.Helper()
	return s.send(http.MethodGet, "/api/users/me", "", "Authorization", "Bearer "+access).status
}
