package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestOverload promises that hundreds of sign-ins at once are all answered, with success or with the contract's 500 and
// before long, in memory for few hashes, and that the server is as good as before when they are over.
func TestOverload(t *testing.T) {
	t.Parallel()
	const users, limit = 300, 1 << 20 // KiB; a hash for each at once would take 19 MiB a time
	l := newLaptop(t)
	l.env["LATCHKEY_PASSWORD_HASH"] = ""
	l.add(users, newHash(t, "argon2id:m=19456,t=6,p=1"))
	cmd := l.process(t.Context(), "serve", "--addr", "127.0.0.1:0", "--throttle-source", "1000/1m")
	s := l.launch(cmd)
	var all sync.WaitGroup
	var mu sync.Mutex
	answers, slowest := map[int]int{}, time.Duration(0)
	for i := range users {
		all.Go(func() {
			began := time.Now()
			got := s.signIn(fmt.Sprintf("user-%d@example.com", i), secretPassword)
			took := time.Since(began)
			mu.Lock()
			defer mu.Unlock()
			answers[got.status]++
			slowest = max(slowest, took)
			if got.status == http.StatusInternalServerError && (got.header.Get("Retry-After") == "" || got.body["message"] != "Internal server error") {
				t.Errorf("%+v", got)
			}
		})
	}
	for _, path := range []string{"/healthz", "/.well-known/jwks.json"} { // neither waits for a hash
		if got := s.send(http.MethodGet, path, ""); got.status != http.StatusOK {
			t.Errorf("%s beside the sign-ins: %+v", path, got)
		}
	}
	all.Wait()
	if answers[200] == 0 || answers[200]+answers[500] != users {
		t.Errorf("answers by status: %v\n%s", answers, s.log)
	}
	if slowest > requestLimit+5*time.Second {
		t.Errorf("the slowest answer took %v", slowest)
	}
	if most := peakMemory(t, cmd.Process.Pid); most > limit {
		t.Errorf("it took up to %d KiB of memory, want no more than %d", most, limit)
	}
	if got := s.signIn("user-0@example.com", secretPassword); got.status != http.StatusOK {
		t.Errorf("afterwards: %+v\n%s", got, s.log)
	}
	t.Logf("%v by status, the slowest after %v, %d KiB", answers, slowest, peakMemory(t, cmd.Process.Pid))
}

// peakMemory is the most that the process had in memory at any time, in KiB.
func peakMemory(t *testing.T, pid int) (size int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "VmHWM: %d kB", &size)
	}
	if size == 0 {
		t.Fatalf("no VmHWM in\n%s", status)
	}
	return size
}
