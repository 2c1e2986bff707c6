package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestVersion promises the same line by the command and the flag, and the release that the linker was given.
func TestVersion(t *testing.T) {
	l := newLaptop(t)
	got := l.ok("", "version")
	if flag := l.ok("", "--version"); flag != got || !regexp.MustCompile(`^latchkey \S+ go1\.\S+ \w+/\w+\n$`).MatchString(got) {
		t.Errorf("version prints %q, --version %q", got, flag)
	}
	s := l.serve()
	if s.end(); !strings.Contains(s.log.String(), "version="+strings.Fields(got)[1]) {
		t.Errorf("serve does not log its version:\n%s", s.log)
	}
	if testing.Short() {
		return
	}
	binary := filepath.Join(l.dir, "latchkey")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X latchkey/internal/app.version=v1.2.3-rc.1", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), binary, "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "latchkey v1.2.3-rc.1 ") {
		t.Errorf("a release prints %q, %v", out, err)
	}
}

// TestErrorsAreEscaped promises that an argument cannot send control sequences to the terminal by way of an error.
func TestErrorsAreEscaped(t *testing.T) {
	for _, args := range [][]string{
		{"users", "show", "\x1b[31mred\u009b0m\u202e"}, {"\x1b[31m"}, {"serve", "\x1b[31m"}, {"users", "list", "--store", "sqlite:/none/\x1b[31m\x07"},
		{"serve", "--\x1b[31m"}, {"serve", "--issuer", "http://\x1b[31m"},
	} {
		got := newLaptop(t).run("", args...)
		if got.code == exitOK || strings.ContainsAny(got.err, "\x1b\x07\u009b\u202e") {
			t.Errorf("latchkey %q: exit %d, %q", args, got.code, got.err)
		}
	}
}

// TestUnknownVariables promises a warning for a LATCHKEY_ variable that no setting has, with the one that was probably meant.
func TestUnknownVariables(t *testing.T) {
	l := newLaptop(t)
	l.env["LATCHKEY_SESION_IDLE"], l.env["LATCHKEY_TEST_X"], l.env["LATCHKEY_ATTACK"] = "1h", "x", "full"
	const want = "LATCHKEY_SESION_IDLE is not a setting and is ignored; did you mean LATCHKEY_SESSION_IDLE?"
	if got := l.run("", "users", "list"); !strings.Contains(got.err, want) || strings.Count(got.err, "LATCHKEY_") != 2 {
		t.Errorf("users list says %q", got.err)
	}
	s := l.serve()
	if s.end(); !strings.Contains(s.log.String(), want) || strings.Count(s.log.String(), "is not a setting") != 1 {
		t.Errorf("serve says %s", s.log)
	}
}
