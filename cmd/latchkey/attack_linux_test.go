package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// attack is a real server behind a trusted proxy, which is us, and somebody on either side of the law. What it says is
// the transcript of `make attack`.
type attack struct {
	*laptop
	cmd   *exec.Cmd
	base  string
	http  *http.Client
	scale scale
}

// scale is how much is sent: a little with every run of the tests, and all of it where LATCHKEY_ATTACK is full.
type scale struct {
	full             bool
	names            int
	sources, each    int
	refused, clients int
}

const victim, victimsHome = "user-0@example.com", "192.0.2.7"

// TestAttack promises what an attack gets and what it costs: of a stuffing and of guesses from everywhere no more than the
// limits are verified and what is sent at one moment, the victim goes on signing in from where they are known, and the
// refusals cost the server little.
func TestAttack(t *testing.T) {
	s := scale{names: 200, sources: 30, each: 3, refused: 50, clients: 8}
	if os.Getenv("LATCHKEY_ATTACK") == "full" {
		s = scale{full: true, names: 10_000, sources: 200, each: 10, refused: 5_000, clients: 16}
	} else {
		t.Parallel()
	}
	a := newAttack(t, s)
	a.say("The victim signs in from %s: %s.", victimsHome, a.try(victim, secretPassword, victimsHome))
	a.stuffing()
	a.fromEverywhere()
	a.atOnce()
	a.refusals()
	a.audit()
}

func newAttack(t *testing.T, s scale) *attack {
	l := newLaptop(t)
	l.env["LATCHKEY_TRUSTED_PROXIES"] = "127.0.0.1"
	l.env["LATCHKEY_AUDIT"] = l.path("audit.jsonl")
	cost := cheapHash
	if s.full {
		cost, l.env["LATCHKEY_PASSWORD_HASH"] = "argon2id:m=19456,t=2,p=1", ""
	}
	l.add(20, newHash(t, cost))
	cmd := l.process(t.Context(), "serve", "--addr", "127.0.0.1:0")
	return &attack{
		laptop: l, cmd: cmd, base: l.launch(cmd).base, scale: s,
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: s.clients + 1}},
	}
}

func (a *attack) say(format string, args ...any) { fmt.Fprintf(a.Output(), format+"\n", args...) }

const (
	signedIn = "signed in"
	verified = "verified and wrong"
	refused  = "refused unseen"
)

// try makes one attempt from the source, and says how it ended.
func (a *attack) try(email, password, source string) string {
	body, _ := json.Marshal(map[string]string{"username": email, "password": password})
	r, err := http.NewRequestWithContext(a.Context(), http.MethodPost, a.base+"/api/users/login", bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", source)
	answer, err := a.http.Do(r)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	switch throttled := bytes.Contains(said, []byte("Too many failed attempts")); {
	case err == nil && answer.StatusCode == 200:
		return signedIn
	case err == nil && answer.StatusCode == 401 && throttled && answer.Header.Get("Retry-After") != "":
		return refused
	case err == nil && answer.StatusCode == 401 && !throttled:
		return verified
	}
	return fmt.Sprintf("%s: %s, %v", answer.Status, said, err)
}

// tally counts attempts by how they ended.
type tally map[string]int

func (t tally) String() string {
	var parts []string
	for _, how := range slices.Sorted(maps.Keys(t)) {
		parts = append(parts, fmt.Sprintf("%d %s", t[how], how))
	}
	return strings.Join(parts, "; ")
}

// flood makes n attempts, as many at once as there are clients, and counts how they ended.
func (a *attack) flood(n int, attempt func(i int) string) tally {
	var next atomic.Int64
	var mu sync.Mutex
	ended := tally{}
	var all errgroup.Group
	for range a.scale.clients {
		all.Go(func() error {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				how := attempt(int(i) - 1)
				mu.Lock()
				ended[how]++
				mu.Unlock()
			}
			return nil
		})
	}
	all.Wait()
	return ended
}

// whileTheVictimSignsIn runs the attack and has the victim sign in from home all the while.
func (a *attack) whileTheVictimSignsIn(run func()) {
	over, done := make(chan struct{}), make(chan struct{})
	var took []time.Duration
	ended := tally{}
	go func() {
		defer close(done)
		for {
			began := time.Now()
			ended[a.try(victim, secretPassword, victimsHome)]++
			took = append(took, time.Since(began))
			select {
			case <-over:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	run()
	close(over)
	<-done
	slices.Sort(took)
	a.say("  the victim meanwhile, from %s: %v; half of them within %v, the slowest took %v",
		victimsHome, ended, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	if len(ended) != 1 || ended[signedIn] == 0 {
		a.Errorf("the victim's attempts ended so: %v", ended)
	}
}

// wantVerified: as many as the limit says, and what was on its way when the last of them was counted.
func (a *attack) wantVerified(ended tally, limit, sent int) {
	a.Helper()
	if got := ended[verified]; got < limit || got > limit+a.scale.clients || got+ended[refused] != sent {
		a.Errorf("of %d attempts %v, want %d verified and at most %d more, and the others refused", sent, ended, limit, a.scale.clients)
	}
}

func (a *attack) stuffing() {
	const source = "198.51.100.1"
	a.say("\nStuffing: %d names from %s, %d at a time. The limit is 100 in 15 minutes.", a.scale.names, source, a.scale.clients)
	a.whileTheVictimSignsIn(func() {
		began := time.Now()
		ended := a.flood(a.scale.names, func(i int) string {
			return a.try(fmt.Sprintf("user-%d@example.com", i+1), "letmein", source) // the first few exist
		})
		a.say("  %v in %v", ended, time.Since(began).Round(time.Millisecond))
		a.wantVerified(ended, 100, a.scale.names)
	})
}

func (a *attack) fromEverywhere() {
	stranger := func(i int) string { return fmt.Sprintf("2001:db8:1:%x::1", i) }
	sent := a.scale.sources * a.scale.each
	a.say("\nGuessing: the victim's password from %d networks, %d times each. The limit is 50 in an hour.", a.scale.sources, a.scale.each)
	a.whileTheVictimSignsIn(func() {
		began := time.Now()
		ended := a.flood(sent, func(i int) string {
			return a.try(victim, fmt.Sprintf("guess-%d", i), stranger(i%a.scale.sources))
		})
		a.say("  %v in %v", ended, time.Since(began).Round(time.Millisecond))
		a.wantVerified(ended, 50, sent)
	})
	elsewhere := a.try(victim, secretPassword, "203.0.113.77")
	a.ok("", "users", "unlock", victim)
	unlocked := a.try(victim, secretPassword, "203.0.113.77")
	a.say("  the victim from somewhere new: %s; after 'latchkey users unlock': %s", elsewhere, unlocked)
	if elsewhere != refused || unlocked != signedIn {
		a.Errorf("the victim from somewhere new: %s, and unlocked: %s", elsewhere, unlocked)
	}
}

func (a *attack) atOnce() {
	const guesses, free = 50, 5
	var start sync.WaitGroup
	start.Add(1)
	var all errgroup.Group
	var seen atomic.Int64
	for i := range guesses {
		all.Go(func() error {
			start.Wait()
			if a.try("user-2@example.com", fmt.Sprintf("guess-%d", i), "198.51.100.2") == verified {
				seen.Add(1)
			}
			return nil
		})
	}
	start.Done()
	all.Wait()
	a.say("\nAt once: %d guesses of one name from one source. The limit is %d.\n  %d verified", guesses, free, seen.Load())
	// What comes a second after the last of the free ones is the next guess after the wait, and not at once.
	if got := seen.Load(); got < free || got > free+2 {
		a.Errorf("%d of %d guesses at once were verified, want %d", got, guesses, free)
	}
}

// refusals are the largest part of an attack. Only the server's cost is measured.
func (a *attack) refusals() {
	before, began := cpuTime(a, a.cmd.Process.Pid), time.Now()
	ended := a.flood(a.scale.refused, func(i int) string {
		return a.try(fmt.Sprintf("user-%d@example.com", i), "letmein", "198.51.100.1")
	})
	each := float64((cpuTime(a, a.cmd.Process.Pid) - before).Microseconds()) / 1000 / float64(a.scale.refused)
	a.say("\nRefusals alone, over the limit of the source.\n  %v in %v, %.2f ms of the server's processor time each",
		ended, time.Since(began).Round(time.Millisecond), each)
	if ended[refused] != a.scale.refused || a.scale.full && each >= 1 {
		a.Errorf("%v, at %.2f ms each, want less than 1", ended, each)
	}
}

// cpuTime is what the process has taken of its processors, in the kernel's ticks of 10 ms.
func cpuTime(t testing.TB, pid int) (sum time.Duration) {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name before it may hold spaces
	for _, field := range strings.Fields(after)[11:13] {
		ticks, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(ticks) * 10 * time.Millisecond
	}
	return sum
}

// audit puts three of the questions of docs/audit.md to the records.
func (a *attack) audit() {
	type answer struct {
		attempts, throttled int
		names, sources      map[string]bool
	}
	of := map[string]map[string]*answer{"source": {}, "identifierHash": {}, "reason": {}}
	for line := range strings.Lines(a.read("audit.jsonl")) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			a.Fatalf("%v: %s", err, line)
		}
		text := func(field string) string { s, _ := r[field].(string); return s }
		if text("event") != "login" || text("outcome") != "refused" {
			continue
		}
		for field, answers := range of {
			group := answers[text(field)]
			if group == nil {
				group = &answer{names: map[string]bool{}, sources: map[string]bool{}}
				answers[text(field)] = group
			}
			group.attempts++
			group.names[text("identifierHash")], group.sources[text("source")] = true, true
			if strings.HasPrefix(text("reason"), "throttled_") {
				group.throttled++
			}
		}
	}
	a.say("\nWhat the audit says of it, by three questions of docs/audit.md.")
	found := 0
	for source, g := range of["source"] {
		if len(g.names) >= 20 {
			found++
			a.say("  Stuffing: %s tried %d names in %d attempts, %d of them unchecked", source, len(g.names), g.attempts, g.throttled)
		}
	}
	for hash, g := range of["identifierHash"] {
		if len(g.sources) >= 5 {
			found++
			a.say("  Guessing: %s was tried from %d sources in %d attempts", hash, len(g.sources), g.attempts)
		}
	}
	for reason, g := range of["reason"] {
		if strings.HasPrefix(reason, "throttled_") {
			found++
			a.say("  Throttled: %s refused %d attempts, of %d names, from %d sources", reason, g.attempts, len(g.names), len(g.sources))
		}
	}
	if found != 5 {
		a.Errorf("the audit finds %d answers, want one stuffing, one guessing and three reasons", found)
	}
}
