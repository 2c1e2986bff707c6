package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// TestClientsAdd promises the key alone on standard output, nothing of it anywhere else, and that it works at once.
func TestClientsAdd(t *testing.T) {
	for kind, refreshes := range map[string]bool{"standard": true, "integration": false} {
		l := newLaptop(t)
		l.addAda()
		s := l.serve("--require-api-key")
		if got := s.signIn("ada@example.com", secretPassword); got.status != 401 {
			t.Errorf("without a key: %+v", got)
		}
		got := l.run("", "clients", "add", "--name", "Zapier ✓", "--kind", kind)
		if got.code != exitOK || !regexp.MustCompile(`^lk_[\w-]{43}\n$`).MatchString(got.out) {
			t.Fatalf("%+v", got)
		}
		key := strings.TrimSpace(got.out)
		id := auth.Client{KeyHash: auth.HashAPIKey(key)}.ID()
		if want := "added client " + id + " (Zapier ✓, " + kind + "); its key:\n"; got.err != want {
			t.Errorf("standard error %q, want %q", got.err, want)
		}
		signedIn := s.signIn("ada@example.com", secretPassword, "Authorization", key)
		if signedIn.status != 200 || (len(signedIn.header.Values("Set-Cookie")) == 2) != refreshes {
			t.Errorf("%s: %+v", kind, signedIn)
		}
		if files := l.read("users.db") + l.read("users.db-wal"); strings.Contains(files, key[3:]) || !strings.Contains(files, auth.HashAPIKey(key)) {
			t.Error("the file has to hold the key's hash, and the key never")
		}
		if log := s.log.String(); strings.Contains(log, key) {
			t.Errorf("the log shows the key:\n%s", log)
		}
	}
}

// TestClientsAddPrints promises an error if the key could not be printed: it would be lost.
func TestClientsAddPrints(t *testing.T) {
	l := newLaptop(t)
	var log output
	c := l.cli("", nil, &log)
	c.out = full{}
	if code := run(t.Context(), c, []string{"clients", "add", "--name", "n", "--kind", "standard"}); code != exitFailed {
		t.Errorf("exit %d", code)
	}
	id := strings.Fields(l.ok("", "clients", "list"))[5]
	if !strings.Contains(log.String(), "disk full") || !strings.Contains(log.String(), "disable "+id) {
		t.Errorf("says %s", log.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// TestClientsDisable promises that a disabled key is refused at once by a server that runs, and that the others go on.
func TestClientsDisable(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	key := strings.TrimSpace(l.ok("", "clients", "add", "--name", "first", "--kind", "standard"))
	time.Sleep(2 * time.Millisecond) // clients are listed in the order of their milliseconds
	other := strings.TrimSpace(l.ok("", "clients", "add", "--name", "second", "--kind", "integration"))
	id := auth.Client{KeyHash: auth.HashAPIKey(key)}.ID()
	for range 2 { // repeating it succeeds
		if got := l.run("", "clients", "disable", id); got.code != exitOK || got.err != "disabled "+id+" (first)\n" {
			t.Errorf("%+v", got)
		}
	}
	for key, want := range map[string]int{key: 401, other: 200} {
		if got := s.signIn("ada@example.com", secretPassword, "Authorization", key); got.status != want {
			t.Errorf("%+v, want %d", got, want)
		}
	}
	list := l.ok("", "clients", "list")
	if !regexp.MustCompile(`^ID +NAME +KIND +STATE +CREATED\n` + id + ` +first +standard +disabled +\S+Z\n\w{16} +second +integration +active +\S+Z\n$`).MatchString(list) {
		t.Errorf("list:\n%s", list)
	}
	if strings.Contains(list, auth.HashAPIKey(key)) {
		t.Error("the list shows whole hashes")
	}
	l.fails(exitFailed, "", []string{"clients", "disable", "first"}, "there is no client first", "latchkey clients list")
	l.fails(exitFailed, "", []string{"clients", "disable", ""}, "there is no client")
}

// TestClientsRotate promises a new key for the same client, and that the old one works no more, or for the overlap and no
// longer.
func TestClientsRotate(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	works := func(key string, want int) {
		t.Helper()
		if got := s.signIn("ada@example.com", secretPassword, "Authorization", key); got.status != want {
			t.Errorf("%+v, want %d", got, want)
		}
	}
	idOf := func(key string) string { return auth.Client{KeyHash: auth.HashAPIKey(key)}.ID() }
	first := strings.TrimSpace(l.ok("", "clients", "add", "--name", "zapier", "--kind", "integration"))
	got := l.run("", "clients", "rotate", idOf(first))
	second := strings.TrimSpace(got.out)
	if want := idOf(first) + " (zapier, integration) is now " + idOf(second) + "; the old key works no more\n"; got.code != exitOK || got.err != want {
		t.Errorf("%+v", got)
	}
	works(first, 401)
	works(second, 200)
	l.fails(exitFailed, "", []string{"clients", "rotate", idOf(first)}, "does not work any more")
	l.fails(exitFailed, "", []string{"clients", "rotate", "nobody"}, "there is no client nobody")

	third := strings.TrimSpace(l.ok("", "clients", "rotate", idOf(second), "--overlap", "1s"))
	over := time.Now().Add(time.Second)
	works(second, 200)
	works(third, 200)
	list := l.ok("", "clients", "list")
	if !regexp.MustCompile(idOf(second)+` +zapier +integration +until \S+Z `).MatchString(list) ||
		!regexp.MustCompile(idOf(third)+` +zapier +integration +active `).MatchString(list) {
		t.Errorf("list:\n%s", list)
	}
	got = l.run("", "clients", "rotate", idOf(second), "--overlap", "24h") // the first word on its end counts
	time.Sleep(time.Until(over))
	works(second, 401)
	works(third, 200)
	works(strings.TrimSpace(got.out), 200)
	if list := l.ok("", "clients", "list"); !strings.Contains(list, " expired ") {
		t.Errorf("list:\n%s", list)
	}
}

// TestClientsRotatePrints promises that the old key works on where the new one could not be printed.
func TestClientsRotatePrints(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	key := strings.TrimSpace(l.ok("", "clients", "add", "--name", "n", "--kind", "standard"))
	var log output
	c := l.cli("", nil, &log)
	c.out = full{}
	if code := run(t.Context(), c, []string{"clients", "rotate", auth.Client{KeyHash: auth.HashAPIKey(key)}.ID()}); code != exitFailed ||
		!strings.Contains(log.String(), "the old one works on") {
		t.Errorf("exit %d: %s", code, &log)
	}
	if got := l.serve().signIn("ada@example.com", secretPassword, "Authorization", key); got.status != 200 {
		t.Errorf("%+v", got)
	}
	if list := l.ok("", "clients", "list"); strings.Count(list, "active") != 1 || strings.Count(list, "disabled") != 1 {
		t.Errorf("list:\n%s", list)
	}
}
