package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inFlight is the binary serving, with a sign-in that it has begun: it has asked for the body.
type inFlight struct {
	*exec.Cmd
	log     *output
	conn    net.Conn
	answers *bufio.Reader
}

const inFlightBody = `{"username": "ada@example.com", "password": "` + secretPassword + `"}`

func (l *laptop) inFlight() inFlight {
	l.Helper()
	f := inFlight{Cmd: l.process(l.Context(), "serve", "--addr", "127.0.0.1:0"), log: &output{}}
	stdout, err := f.StdoutPipe()
	if err != nil {
		l.Fatal(err)
	}
	f.Stderr = f.log
	if err := f.Start(); err != nil {
		l.Fatal(err)
	}
	base := (&server{out: bufio.NewReader(stdout)}).await()
	if f.conn, err = net.Dial("tcp", strings.TrimPrefix(base, "http://")); err != nil {
		l.Fatalf("%v\n%s", err, f.log)
	}
	l.Cleanup(func() { f.conn.Close() })
	fmt.Fprintf(f.conn, "POST /api/users/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(inFlightBody))
	f.answers = bufio.NewReader(f.conn)
	if line, err := f.answers.ReadString('\n'); !strings.Contains(line, "100 Continue") {
		l.Fatalf("%q %v", line, err)
	}
	f.answers.ReadString('\n')
	return f
}

// terminate sends SIGTERM and returns once it has begun to stop.
func (f inFlight) terminate(t *testing.T) {
	t.Helper()
	if err := f.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(f.log.String(), "stopping"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("SIGTERM does not stop it:\n%s", f.log)
		}
	}
}

// TestServeFinishesWhatIsInFlight promises that SIGTERM to the binary lets a sign-in end well that has begun, ends the
// process with 0, and leaves the session in the file.
func TestServeFinishesWhatIsInFlight(t *testing.T) {
	l := newLaptop(t)
	l.env["LATCHKEY_PASSWORD_HASH"] = "" // the default one takes a while
	l.addAda()
	f := l.inFlight()
	f.terminate(t)
	fmt.Fprint(f.conn, inFlightBody)
	if res, err := http.ReadResponse(f.answers, nil); err != nil || res.StatusCode != 200 {
		t.Errorf("the sign-in in flight: %v %v\n%s", res, err, f.log)
	}
	if err := f.Wait(); err != nil {
		t.Errorf("%v\n%s", err, f.log)
	}
	if sessions, err := l.store().SessionsOf(t.Context(), "u-ada", "", 1000); err != nil || len(sessions) != 1 {
		t.Errorf("sessions in the file: %v %v", sessions, err)
	}
}

// TestServeSecondSignal promises that a second signal ends serve without waiting for requests in flight.
func TestServeSecondSignal(t *testing.T) {
	l := newLaptop(t)
	f := l.inFlight()
	f.terminate(t)
	ended := make(chan error, 1)
	go func() { ended <- f.Wait() }()
	for deadline := time.After(5 * time.Second); ; { // the very next signal may still count as the first
		f.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if status, ok := f.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
				t.Errorf("it ended by itself: %v\n%s", err, f.log)
			}
			return
		case <-deadline:
			t.Fatalf("it goes on after a second signal:\n%s", f.log)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
