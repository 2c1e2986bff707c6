package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/sqlite"
)

const (
	writeFrom = "LATCHKEY_TEST_WRITE_FROM" // makes the test binary the other process: a number to start from
	writeUpTo = "LATCHKEY_TEST_WRITE_UP_TO"
	storePath = "LATCHKEY_TEST_STORE"
)

func TestMain(m *testing.M) {
	if os.Getenv(writeFrom) == "" {
		os.Exit(m.Run())
	}
	if err := writeNumbers(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// writeNumbers creates a user and a session for each number and prints the number once both are confirmed.
func writeNumbers() error {
	ctx := context.Background()
	from, _ := strconv.Atoi(os.Getenv(writeFrom))
	upTo, _ := strconv.Atoi(os.Getenv(writeUpTo))
	s, err := sqlite.Open(ctx, os.Getenv(storePath))
	if err != nil {
		return err
	}
	for n := from; n < upTo; n++ {
		if err := s.CreateUser(ctx, numbered(n)); err != nil {
			return err
		}
		if err := s.PutSession(ctx, auth.Session{ID: "s", UserID: numbered(n).ID}); err != nil {
			return err
		}
		fmt.Println(n)
	}
	return s.Close()
}

func numbered(n int) auth.User { return authtest.NewUser(fmt.Sprintf("user-%d", n)) }

// writer returns another process that writes numbers into the store, not yet started.
func writer(t *testing.T, path string, from, upTo int) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), storePath+"="+path, writeFrom+"="+strconv.Itoa(from), writeUpTo+"="+strconv.Itoa(upTo))
	cmd.Stderr = os.Stderr
	return cmd
}

func TestAKilledProcessLosesNothingConfirmed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	var confirmed []int
	users := 0
	for run := 1; run <= 3; run++ {
		confirmed = append(confirmed, killedWhileWriting(t, path, users)...)
		s := open(t, path)
		for _, n := range confirmed {
			if _, err := s.UserByIdentifier(t.Context(), numbered(n).Identifier); err != nil {
				t.Fatalf("user %d: %v", n, err)
			}
			if _, err := s.Session(t.Context(), numbered(n).ID, "s"); err != nil {
				t.Fatalf("session %d: %v", n, err)
			}
		}
		users = 0
		for _, err := range s.AllUsers(t.Context()) { // an unconfirmed user is complete or missing
			must(t, err)
			users++
		}
		if users < len(confirmed) || users > len(confirmed)+run {
			t.Fatalf("%d users, want the %d confirmed and at most one more for each of %d runs", users, len(confirmed), run)
		}
		must(t, s.Close())
	}
}

// killedWhileWriting returns the numbers that another process printed before SIGKILL struck.
func killedWhileWriting(t *testing.T, path string, from int) (confirmed []int) {
	cmd := writer(t, path, from, from+1_000_000)
	printed, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	for lines := bufio.NewScanner(printed); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		must(t, err)
		if confirmed = append(confirmed, n); len(confirmed) == 50 {
			must(t, cmd.Process.Kill())
		}
	}
	if err := cmd.Wait(); err == nil || len(confirmed) < 50 {
		t.Fatalf("the writer ended by itself after %d: %v", len(confirmed), err)
	}
	return confirmed
}

func TestTwoProcessesWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	const theirs = 100
	cmd := writer(t, path, 0, theirs)
	printed, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())

	ended := make(chan struct{})
	ours, slowest := 0, time.Duration(0)
	var failure error
	go func() {
		defer close(ended)
		for ; failure == nil && ours < 5*theirs; ours++ {
			began := time.Now()
			failure = s.PutSession(t.Context(), auth.Session{ID: strconv.Itoa(ours), UserID: "ours"})
			slowest = max(slowest, time.Since(began))
		}
	}()
	for lines := bufio.NewScanner(printed); lines.Scan(); { // what they have confirmed we see at once
		n, err := strconv.Atoi(lines.Text())
		must(t, err)
		if _, err := s.UserByID(t.Context(), numbered(n).ID); err != nil {
			t.Fatalf("user %d: %v", n, err)
		}
	}
	<-ended
	must(t, cmd.Wait())
	must(t, failure)
	for n := range ours {
		if _, err := s.Session(t.Context(), "ours", strconv.Itoa(n)); err != nil {
			t.Fatalf("session %d: %v", n, err)
		}
	}
	t.Logf("their %d users and our %d sessions; our slowest waited %v", theirs, ours, slowest)
}
