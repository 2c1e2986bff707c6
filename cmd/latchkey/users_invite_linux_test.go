package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func waitingCrowd(users int) string {
	var lines strings.Builder
	for i := range users {
		fmt.Fprintf(&lines, `{"id":"u%d","email":"u%[1]d@example.com","status":"pending","activate":true}`+"\n", i)
	}
	return lines.String()
}

// TestInviteGoesOn promises that invitations that are killed or interrupted at any moment go on when the same command is run again, that
// nobody gets two, and that the users who may have one from a killed run are named.
func TestInviteGoesOn(t *testing.T) {
	t.Parallel()
	const users = 300
	l := newInviting(t, waitingCrowd(users))
	stops, last := 0, ""
	for patience := 200 * time.Millisecond; patience < time.Minute; patience += patience / 4 {
		cmd := l.process(t.Context(), "users", "invite", "--all-pending", "--per-second", "200")
		var log output
		cmd.Stderr = &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		signal := []os.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM}[stops%3]
		stop := time.AfterFunc(rand.N(patience), func() { cmd.Process.Signal(signal) })
		cmd.Wait()
		stop.Stop()
		last = log.String()
		if strings.Contains(last, "interrupted") && !strings.Contains(last, "the same command goes on from there") {
			t.Errorf("%v: %s", signal, last)
		}
		if cmd.ProcessState.Exited() && !strings.Contains(last, "interrupted") && !strings.Contains(last, "canceled") && strings.Contains(last, " unchanged\n") {
			break
		}
		stops++
	}
	unknown := strings.Count(last, " may have a mail: ")
	mails := l.waitingMails()
	for user, n := range mails {
		if n != 1 {
			t.Errorf("%s has %d mails", user, n)
		}
	}
	if missing := users - len(mails); missing > unknown {
		t.Errorf("%d users have no mail, and %d are named:\n%s", missing, unknown, last)
	}
	if stops < 3 {
		t.Errorf("it was stopped only %d times", stops)
	}
	t.Logf("stopped %d times, %d users are named", stops, unknown)
}

// TestInviteBar promises on a terminal a bar that says how many and how fast, and that reasons stand on lines of their own.
func TestInviteBar(t *testing.T) {
	t.Parallel()
	l, p := newInviting(t, waitingCrowd(100)), newPTY(t)
	var file strings.Builder
	file.WriteString("nobody@example.com\n")
	for i := range 100 {
		fmt.Fprintf(&file, "u%d@example.com\n", i)
	}
	cmd := l.process(t.Context(), "users", "invite", l.write("addresses.txt", file.String()), "--per-second", "100")
	cmd.Stdout, cmd.Stderr = p.process, p.process
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.expect("line 1: there is no user nobody@example.com\r\n")
	p.expect(" users, ")
	p.expect(" a second")
	p.expect("101 users, ")
	p.expect("100 invited, 1 refused, 0 unchanged\r\n")
	cmd.Wait()
}
