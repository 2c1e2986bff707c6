//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestServeFollowsAuditFile promises that a record goes to the file that has the name: after a rename, after a removal, and
// after a rename with SIGHUP, which opens the file at once and does not end serve.
func TestServeFollowsAuditFile(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	file := l.path("audit.jsonl")
	serve := l.process(t.Context(), "serve", "--addr", "127.0.0.1:0", "--audit", file)
	s := l.launch(serve)
	wantLogins := func(when string, want int) {
		t.Helper()
		s.signIn("ada@example.com", secretPassword)
		logins := 0
		for _, r := range records(t, l.read("audit.jsonl")) {
			if r["event"] == "login" {
				logins++
			}
		}
		if logins != want {
			t.Errorf("%s the file has %d sign-ins, want %d", when, logins, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wantLogins("at first", 1)
	must(os.Rename(file, file+".1"))
	wantLogins("after a rename", 1)
	must(os.Remove(file))
	wantLogins("after a removal", 1)
	must(os.Rename(file, file+".2"))
	must(serve.Process.Signal(syscall.SIGHUP))
	for range 200 {
		if _, err := os.Stat(file); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("after SIGHUP: %v", err)
	}
	wantLogins("after SIGHUP", 1)
}
