package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pty is a pseudo-terminal: the test types and reads at one end, the process sits at the other.
type pty struct {
	testing.TB
	*os.File
	process *os.File
	said    *bufio.Reader
}

func newPTY(t testing.TB) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	raw.Control(func(fd uintptr) {
		if number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); err == nil {
			err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Close() })
	master.SetReadDeadline(time.Now().Add(20 * time.Second))
	return &pty{TB: t, File: master, process: process, said: bufio.NewReader(master)}
}

// expect reads up to the text, and fails where any of the secrets is echoed before it.
func (p *pty) expect(text string, secrets ...string) {
	p.Helper()
	var seen strings.Builder
	for !strings.HasSuffix(seen.String(), text) {
		b, err := p.said.ReadByte()
		if err != nil {
			p.Fatalf("want %q, got %q: %v", text, seen.String(), err)
		}
		seen.WriteByte(b)
	}
	for _, secret := range secrets {
		if strings.Contains(seen.String(), secret) {
			p.Errorf("%q is echoed: %q", secret, seen.String())
		}
	}
}

func (p *pty) echoes() bool {
	p.Helper()
	state, err := unix.IoctlGetTermios(int(p.process.Fd()), unix.TCGETS)
	if err != nil {
		p.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// TestPrompt promises that a password is asked for twice and echoed never, and that two that differ, one that cannot
// be, and Ctrl-C change nothing and leave a terminal that echoes again.
func TestPrompt(t *testing.T) {
	for _, tc := range []struct {
		name, first, second, want string
		code                      int
	}{
		{"good", secretPassword + "\n", secretPassword + "\n", "added ada@example.com as ", exitOK},
		{"differ", secretPassword + "\n", "something else\n", "the two passwords differ; nothing was changed", exitFailed},
		{"short", "short\n", "short\n", "at least 8", exitFailed},
		{"interrupt", "half a pass\x03", "", "interrupted; nothing was changed", exitFailed},
		{"interrupt the second", secretPassword + "\n", "half\x03", "interrupted; nothing was changed", exitFailed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, p := newLaptop(t), newPTY(t)
			cmd := l.process(t.Context(), "users", "add", "ada@example.com")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = p.process, p.process, p.process
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // so that Ctrl-C is a signal
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			p.expect("Password: ")
			p.quiet()
			fmt.Fprint(p, tc.first)
			if tc.second != "" {
				p.expect("Again: ", secretPassword)
				p.quiet()
				fmt.Fprint(p, tc.second)
			}
			p.expect(tc.want, secretPassword, "something else", "half")
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != tc.code {
				t.Errorf("exit %d, want %d", code, tc.code)
			}
			if !p.echoes() {
				t.Error("the terminal does not echo any more")
			}
			if users := strings.Count(l.ok("", "users", "list"), "\n") - 1; users != map[bool]int{true: 1}[tc.code == exitOK] {
				t.Errorf("%d users", users)
			}
		})
	}
}

// quiet waits until nothing is echoed, which is soon after the question.
func (p *pty) quiet() {
	for p.echoes() {
		time.Sleep(time.Millisecond)
	}
}
