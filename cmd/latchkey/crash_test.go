package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/password"
)

// launch runs a command that ends up as 'latchkey serve', in a process of its own, and returns once that listens.
func (l *laptop) launch(cmd *exec.Cmd) *server {
	l.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &server{TB: l.TB, log: &output{}, stop: stop, ended: make(chan int, 1)}
	cmd.Stderr = s.log
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		l.Fatal(err)
	}
	context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	s.out = bufio.NewReader(stdout)
	s.base = s.await()
	go func() {
		cmd.Wait()
		s.ended <- cmd.ProcessState.ExitCode()
	}()
	l.Cleanup(func() { s.end() })
	if s.base == "" {
		l.Fatalf("serve did not start:\n%s", s.log)
	}
	return s
}

// add imports n users, user-0 and so on, who all sign in with secretPassword.
func (l *laptop) add(users int, hash string) {
	l.Helper()
	var lines strings.Builder
	for i := range users {
		fmt.Fprintf(&lines, `{"email": "user-%d@example.com", "passwordHash": %q, "status": "ready"}`+"\n", i, hash)
	}
	l.ok(lines.String(), "users", "import", "-")
}

func newHash(t testing.TB, cost string) string {
	t.Helper()
	params, err := password.ParseParams(cost)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := password.New(params, 0).Hash(t.Context(), secretPassword)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// knownSession is a session as its client knows it.
type knownSession struct{ refreshToken string }

// client is one user's program. It is told sessions, and what becomes of them, until the server is gone.
type client struct {
	base     string
	email    string
	sessions []knownSession // that are open, as far as it was told
	ended    []knownSession // that it was told have ended
}

// ask posts and returns the status and the refresh token of the answer, or an error without an answer.
func (c *client) ask(path, body, refreshToken string) (status int, token string, err error) {
	r, err := http.NewRequest(http.MethodPost, c.base+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	if refreshToken != "" {
		r.AddCookie(&http.Cookie{Name: "planpointRefresh", Value: refreshToken})
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	var answer any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil { // an answer that broke off was not told
		return 0, "", err
	}
	for _, cookie := range res.Cookies() {
		if cookie.Name == "planpointRefresh" {
			token = cookie.Value
		}
	}
	return res.StatusCode, token, nil
}

func (c *client) signIn() (status int, token string, err error) {
	return c.ask("/api/users/login", fmt.Sprintf(`{"username": %q, "password": %q}`, c.email, secretPassword), "")
}

// work signs in, refreshes and signs out by turns, and calls done after each answer, until there is none. Any answer but
// success is an error.
func (c *client) work(done func()) error {
	for turn := 0; ; turn++ {
		status, token, err := c.signIn()
		if err != nil {
			return nil
		}
		if status != http.StatusOK {
			return fmt.Errorf("sign in: %d", status)
		}
		c.sessions = append(c.sessions, knownSession{token})
		done()
		for range turn % 3 {
			if status, err := c.refresh(len(c.sessions) - 1); err != nil {
				return nil
			} else if status != http.StatusOK {
				return fmt.Errorf("refresh: %d", status)
			}
			done()
		}
		if turn%4 == 3 {
			last := c.sessions[len(c.sessions)-1]
			c.sessions = c.sessions[:len(c.sessions)-1] // asked to end: whether it has, only an answer tells
			if status, _, err = c.ask("/api/users/logout", "", last.refreshToken); err != nil {
				return nil
			} else if status != http.StatusOK {
				return fmt.Errorf("sign out: %d", status)
			}
			c.ended = append(c.ended, last)
			done()
		}
	}
}

func (c *client) refresh(i int) (status int, err error) {
	status, token, err := c.ask("/api/users/refresh", "", c.sessions[i].refreshToken)
	if err == nil && status == http.StatusOK {
		c.sessions[i].refreshToken = token
	}
	return status, err
}

// TestKilledUnderLoad promises that kill -9 amid sign-ins, refreshes and sign-outs takes back nothing that a client was
// told: each session goes on, and none that was ended comes back. The file is whole.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	const clients, answers, kills = 8, 150, 3
	l := newLaptop(t)
	l.env["LATCHKEY_REFRESH_GRACE"] = "5m" // for what was under way when it was killed
	l.add(clients, newHash(t, cheapHash))
	all := make([]*client, clients)
	for i := range all {
		all[i] = &client{email: fmt.Sprintf("user-%d@example.com", i)}
	}
	for range kills {
		s := l.launch(l.process(t.Context(), "serve", "--addr", "127.0.0.1:0"))
		l.wantKept(s, all)
		l.killAfter(s, answers, all)
	}
	s := l.launch(l.process(t.Context(), "serve", "--addr", "127.0.0.1:0"))
	l.wantKept(s, all)
	l.wantWhole(l.path("users.db"))
}

// killAfter lets the clients work and kills the server after n answers.
func (l *laptop) killAfter(s *server, answers int, clients []*client) {
	l.Helper()
	var working sync.WaitGroup
	answered := make(chan struct{})
	for _, c := range clients {
		working.Go(func() {
			if err := c.work(func() { answered <- struct{}{} }); err != nil {
				l.Errorf("%s: %v\n%s", c.email, err, s.log)
			}
		})
	}
	for range answers {
		<-answered
	}
	s.stop()
	go func() {
		working.Wait()
		close(answered)
	}()
	for range answered { // what was answered before it died
	}
	s.end()
}

// wantKept promises that what the clients were told is so.
func (l *laptop) wantKept(s *server, clients []*client) {
	l.Helper()
	open, ended := 0, 0
	for _, c := range clients {
		c.base = s.base
		for i := range c.sessions {
			if status, err := c.refresh(i); status != http.StatusOK {
				l.Errorf("session %d of %s: %d, %v\n%s", i, c.email, status, err, s.log)
			}
			open++
		}
		for i, session := range c.ended {
			if status, _, err := c.ask("/api/users/refresh", "", session.refreshToken); status != http.StatusUnauthorized {
				l.Errorf("session %d of %s, which was ended: %d, %v", i, c.email, status, err)
			}
			ended++
		}
	}
	l.Logf("%d sessions are open and %d ended", open, ended)
}

// wantWhole promises that SQLite finds nothing wrong with the file.
func (l *laptop) wantWhole(path string) {
	l.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		l.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		l.Errorf("the file: %s, %v", verdict, err)
	}
}

// TestBusyFile promises that sign-ins wait for another process that writes for 3 s, and where it does not end are
// answered 500, while what only reads goes on; afterwards all is as before.
func TestBusyFile(t *testing.T) {
	t.Parallel()
	l := newLaptop(t)
	l.addAda()
	s := l.launch(l.process(t.Context(), "serve", "--addr", "127.0.0.1:0"))
	ada := &client{base: s.base, email: "ada@example.com"}
	token, _ := s.signIn(ada.email, secretPassword).body["access_token"].(string)
	_, refreshToken, err := ada.signIn()
	if err != nil {
		t.Fatal(err)
	}
	ada.sessions = append(ada.sessions, knownSession{refreshToken})

	release := l.lockFile()
	time.AfterFunc(3*time.Second, release)
	var both sync.WaitGroup
	both.Go(func() {
		if status, err := ada.refresh(0); status != http.StatusOK {
			t.Errorf("refresh: %d, %v\n%s", status, err, s.log)
		}
	})
	if status, _, err := ada.signIn(); status != http.StatusOK {
		t.Errorf("sign in: %d, %v\n%s", status, err, s.log)
	}
	both.Wait()

	release = l.lockFile()
	if me := s.send("GET", "/api/users/me", "", "Authorization", "Bearer "+token); me.status != http.StatusOK {
		t.Errorf("me while it is locked: %+v", me)
	}
	if got := s.signIn(ada.email, secretPassword); got.status != 500 || got.header.Get("Retry-After") == "" || got.body["message"] != "Internal server error" {
		t.Errorf("sign in while it is locked: %+v\n%s", got, s.log)
	}
	release()
	if status, err := ada.refresh(0); status != http.StatusOK {
		t.Errorf("refresh in the end: %d, %v\n%s", status, err, s.log)
	}
	if status, _, err := ada.signIn(); status != http.StatusOK {
		t.Errorf("sign in in the end: %d, %v\n%s", status, err, s.log)
	}
}

// lockFile takes the right to write from every other process until release.
func (l *laptop) lockFile() (release func()) {
	l.Helper()
	db, err := sql.Open("sqlite", l.path("users.db"))
	if err != nil {
		l.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for { // until it is not busy itself
		if _, err = db.Exec("BEGIN IMMEDIATE"); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return func() {
		if _, err := db.Exec("ROLLBACK"); err != nil {
			l.Error(err)
		}
		db.Close()
	}
}
