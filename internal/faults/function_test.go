package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/authtest"
)

// TestFunction promises for the built login function what the other tests promise for its handler: it starts and answers
// while everything it calls hangs, before the deadlines that Lambda sends, in one process that recovers.
func TestFunction(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.secrets.spoil(getSecret, hang, always)
	d.dynamo.spoil(on(""), hang, always)
	binary := build(t, "./functions/login")
	began := time.Now()
	l := startFunction(d, binary)
	if took := time.Since(began); took > lambdaLimit { // Lambda's own limit for a start
		t.Errorf("it asked for the first event after %v", took)
	}
	wantFailure(t, l.signIn(authtest.Password, lambdaLimit), planpointFailure)
	d.secrets.heal()
	d.dynamo.heal()
	for deadline := time.Now().Add(10 * time.Second); l.signIn(authtest.Password, lambdaLimit).status != http.StatusOK; {
		if time.Now().After(deadline) {
			t.Fatalf("it does not recover\n%s", d.log)
		}
		time.Sleep(200 * time.Millisecond)
	}
	d.dynamo.spoil(on(""), hang, always)
	wantFailure(t, l.signIn(authtest.Password, lambdaLimit), planpointFailure)
	wantFailure(t, l.signIn(authtest.Password, 2*time.Second), planpointFailure)
	d.dynamo.heal()
	back := d.dynamo.goAway(t)
	wantFailure(t, l.signIn(authtest.Password, lambdaLimit), planpointFailure)
	back()
	if got := l.signIn(authtest.Password, lambdaLimit); got.status != http.StatusOK {
		t.Errorf("in the end: %v\n%s", got, d.log)
	}
	if got := l.signIn("wrong", lambdaLimit); got.status != http.StatusUnauthorized {
		t.Errorf("a wrong password: %v\n%s", got, d.log)
	}
}

// build compiles a command of this module as the template's make target does, reusing the build cache of the test.
func build(t testing.TB, command string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", out, command)
	cmd.Dir = "../.."
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", command, err, text)
	}
	return out
}

// lambda is Lambda's runtime API, for one function.
type lambda struct {
	*deployment
	events  chan invocation
	answers chan []byte
	polled  sync.Once
	ready   chan struct{} // closed when the function has asked for an event
	ended   chan error
}

type invocation struct {
	event    []byte
	deadline time.Time
}

// startFunction runs the binary until it asks for its first event.
func startFunction(d *deployment, binary string) *lambda {
	d.Helper()
	l := &lambda{
		deployment: d, events: make(chan invocation), answers: make(chan []byte, 10), ready: make(chan struct{}), ended: make(chan error, 1),
	}
	api := httptest.NewServer(l)
	ctx, stop := context.WithCancel(context.WithoutCancel(d.Context()))
	function := exec.CommandContext(ctx, binary)
	d.env["AWS_LAMBDA_RUNTIME_API"] = api.Listener.Addr().String()
	d.env["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand"
	for name, value := range d.env {
		function.Env = append(function.Env, name+"="+value)
	}
	function.Stdout, function.Stderr = d.log, d.log
	d.must(function.Start())
	go func() { l.ended <- function.Wait() }()
	d.Cleanup(func() {
		stop()
		<-l.ended
		api.CloseClientConnections()
		api.Close()
	})
	select {
	case <-l.ready:
	case err := <-l.ended:
		l.ended <- err
		d.Fatalf("the function ended: %v\n%s", err, d.log)
	}
	return l
}

// ServeHTTP hands out the next event, and takes the answer to the last one.
func (l *lambda) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		if !strings.HasSuffix(r.URL.Path, "/response") {
			body = fmt.Appendf(nil, "%s: %s", r.URL.Path, body)
		}
		w.WriteHeader(http.StatusAccepted)
		l.answers <- body
		return
	}
	l.polled.Do(func() { close(l.ready) })
	select {
	case next := <-l.events:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(next.deadline.UnixMilli(), 10))
		w.Write(next.event)
	case <-r.Context().Done():
	}
}

// signIn sends the event of a sign-in, and wants the answer within the limit.
func (l *lambda) signIn(password string, limit time.Duration) reply {
	l.Helper()
	body := encoded(map[string]string{"username": l.user.Email, "password": password})
	event, err := json.Marshal(request2(l.source, http.MethodPost, "/api/users/login", body, nil))
	l.must(err)
	began := time.Now()
	l.events <- invocation{event, began.Add(limit)}
	select {
	case answer := <-l.answers:
		got := decoded(l, answer)
		got.took = time.Since(began)
		return got
	case err := <-l.ended:
		l.ended <- err
		l.Fatalf("the function ended: %v\n%s", err, l.log)
	case <-time.After(limit):
		l.Fatalf("no answer within %v\n%s", limit, l.log)
	}
	return reply{}
}
