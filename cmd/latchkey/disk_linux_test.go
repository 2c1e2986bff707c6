package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// onDisk runs the binary with the laptop's environment in its own mount namespace, in which a small disk covers the laptop's
// directory. The script, with the binary in $0, first copies the directory's files.
func (l *laptop) onDisk(script string) *exec.Cmd {
	l.Helper()
	unshare := []string{"unshare", "-m"}
	if os.Geteuid() != 0 {
		unshare = append(unshare, "-r")
	}
	if out, err := exec.Command(unshare[0], append(unshare[1:], "mount", "-t", "tmpfs", "none", "/mnt")...).CombinedOutput(); err != nil {
		l.Skipf("no disk of one's own to fill: %v\n%s", err, out)
	}
	const mount = `set -e; cp -a "$PWD" "$PWD.before"; mount -t tmpfs -o size=1m,mode=700 none "$PWD"; cp -a "$PWD.before/." "$PWD"; cd "$PWD"; `
	cmd := l.process(l.Context())
	cmd.Path, _ = exec.LookPath(unshare[0])
	cmd.Args = append(unshare, "sh", "-c", mount+script, os.Args[0])
	return cmd
}

// TestFullDisk promises that on a full disk requests that write are answered 500 instead of refused, others are answered, and
// audit records are still written; and that once there is room again everything that clients were told is stored.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	l := newLaptop(t)
	l.env["LATCHKEY_AUDIT"] = l.path("audit.json")
	l.add(1, newHash(t, cheapHash))
	cmd := l.onDisk(`exec "$0" serve --addr 127.0.0.1:0`)
	s := l.launch(cmd)
	disk := fmt.Sprintf("/proc/%d/root%s/", cmd.Process.Pid, l.dir)
	user := &client{base: s.base, email: "user-0@example.com"}
	token, _ := s.signIn(user.email, secretPassword).body["access_token"].(string)

	if _, refreshToken, err := user.signIn(); err == nil {
		user.sessions = append(user.sessions, knownSession{refreshToken})
	}

	fill(t, disk+"filler")
	failed := 0
	for range 200 { // what the log has room for is done
		got := s.signIn(user.email, secretPassword)
		switch {
		case got.status == http.StatusOK:
			for _, c := range (&http.Response{Header: got.header}).Cookies() {
				if c.Name == "planpointRefresh" {
					user.sessions = append(user.sessions, knownSession{c.Value})
				}
			}
		case got.status == http.StatusInternalServerError && got.header.Get("Retry-After") != "":
			failed++
		default:
			t.Fatalf("%+v\n%s", got, s.log)
		}
	}
	if failed < 100 {
		t.Errorf("%d of 200 sign-ins failed: the disk is not full", failed)
	}
	for i := range user.sessions {
		if status, err := user.refresh(i); err != nil || status != http.StatusOK && status != http.StatusInternalServerError {
			t.Errorf("refresh: %d, %v\n%s", status, err, s.log)
		}
	}
	if me := s.send("GET", "/api/users/me", "", "Authorization", "Bearer "+token); me.status != http.StatusOK {
		t.Errorf("me: %+v\n%s", me, s.log)
	}
	if !strings.Contains(s.log.String(), "event=login outcome=failed reason=unavailable") {
		t.Errorf("no audit record:\n%s", s.log)
	}

	if err := os.Remove(disk + "filler"); err != nil {
		t.Fatal(err)
	}
	if status, _, err := user.signIn(); status != http.StatusOK {
		t.Errorf("sign in when there is room: %d, %v\n%s", status, err, s.log)
	}
	for i := range user.sessions {
		if status, err := user.refresh(i); status != http.StatusOK {
			t.Errorf("session %d when there is room: %d, %v\n%s", i, status, err, s.log)
		}
	}
	l.wantWhole(disk + "users.db")
	t.Logf("%d sign-ins failed, %d sessions are known", failed, len(user.sessions))
}

// fill writes to the file until nothing more goes in.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err = f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
}

// TestReadOnlyDisk promises that serve does not start where it can change nothing, and says what to do.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	l := newLaptop(t)
	l.add(1, newHash(t, cheapHash))
	l.ok("", "keys", "init")
	cmd := l.onDisk(`mount -o remount,ro "$PWD"; exec "$0" serve --addr 127.0.0.1:0`)
	var out output
	cmd.Stdout, cmd.Stderr = io.Discard, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(out.String(), "must be allowed to write the file and its directory") {
		t.Errorf("%v\n%s", err, &out)
	}
}
