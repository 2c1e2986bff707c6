// Package faults_test breaks what the service depends on and checks what its users and operators notice: a proxy in front of
// DynamoDB Local and moto spoils calls of the functions, which are built as for Lambda.
package faults_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy passes calls on to an emulator, and spoils those that match a rule.
type proxy struct {
	url    string
	target string
	server *httptest.Server

	mu    sync.Mutex
	rules []*rule
	seen  []request
}

// request is one received call: its operation, and its body, which names the items.
type request struct{ op, body string }

// call describes requests: of the operation, with every one of the texts in the body. No operation means any.
type call struct {
	op    string
	texts []string
}

func on(op string, texts ...string) call { return call{op, texts} }

func (c call) is(r request) bool {
	return (c.op == "" || c.op == r.op) && !slices.ContainsFunc(c.texts, func(text string) bool { return !strings.Contains(r.body, text) })
}

// rule spoils all matching calls, or the first n after it was made.
type rule struct {
	call
	fault fault
	left  int
}

const always = -1

// fault answers a call instead of the emulator.
type fault func(x exchange)

// exchange is one call on its way.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	forward func() answer
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func newProxy(t testing.TB, target string) *proxy {
	p := &proxy{target: target}
	p.server = httptest.NewServer(p)
	p.url = p.server.URL
	t.Cleanup(func() { p.close() })
	return p
}

func (p *proxy) close() {
	p.server.CloseClientConnections()
	p.server.Close()
}

// goAway closes the port, so that connections are refused until back opens it again.
func (p *proxy) goAway(t testing.TB) (back func()) {
	p.close()
	return func() {
		t.Helper()
		listener, err := net.Listen("tcp", p.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		p.server = httptest.NewUnstartedServer(p)
		p.server.Listener.Close()
		p.server.Listener = listener
		p.server.Start()
	}
}

// spoil adds a rule; of several that match a call, the latest applies.
func (p *proxy) spoil(c call, f fault, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, &rule{c, f, times})
}

// heal removes all rules.
func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// count returns how many calls matched each description since the last count, and resets the counts.
func (p *proxy) count(calls ...call) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := make([]int, len(calls))
	for _, r := range p.seen {
		for i, c := range calls {
			if c.is(r) {
				counts[i]++
			}
		}
	}
	p.seen = nil
	return counts
}

// ServeHTTP passes on or spoils.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client disconnected
	}
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	x := exchange{w: w, r: r, forward: func() answer { return p.forward(r, body) }}
	if f := p.enter(request{op, string(body)}); f != nil {
		f(x)
		return
	}
	x.pass(x.forward())
}

// enter notes the call and returns the fault for it, if any.
func (p *proxy) enter(r request) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, r)
	for _, rule := range slices.Backward(p.rules) {
		if rule.is(r) && rule.left != 0 {
			rule.left--
			return rule.fault
		}
	}
	return nil
}

func (p *proxy) forward(r *http.Request, body []byte) answer {
	out, err := http.NewRequest(r.Method, p.target+r.URL.RequestURI(), bytes.NewReader(body)) // delivered even if the client disconnects
	if err != nil {
		panic(err)
	}
	out.Header = r.Header.Clone()
	out.Header.Set("Accept-Encoding", "identity") // the checksum is of the plain answer
	res, err := http.DefaultClient.Do(out)
	if err != nil {
		return answer{status: http.StatusBadGateway, body: []byte(err.Error())}
	}
	defer res.Body.Close()
	got, _ := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, got}
}

func (x exchange) pass(a answer) {
	for name, values := range a.header {
		x.w.Header()[name] = values
	}
	x.w.WriteHeader(a.status)
	x.w.Write(a.body)
}

// problem answers an error as AWS does.
func problem(status int, code string) fault {
	return func(x exchange) {
		body := fmt.Sprintf(`{"__type": "com.amazonaws.dynamodb.v20120810#%s", "message": "because the test says so"}`, code)
		x.pass(answer{status, http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, []byte(body)})
	}
}

// page answers as a gateway in between does.
func page(x exchange) {
	x.pass(answer{http.StatusServiceUnavailable, http.Header{"Content-Type": {"text/html"}}, []byte("<html>busy</html>")})
}

// garbage answers a success without meaning.
func garbage(x exchange) {
	x.pass(answer{http.StatusOK, http.Header{"Content-Type": {"text/html"}}, []byte("<html>hello</html>")})
}

// slow answers correctly, but late.
func slow(by time.Duration) fault {
	return func(x exchange) {
		time.Sleep(by)
		x.pass(x.forward())
	}
}

// hang never answers and passes nothing on.
func hang(x exchange) { <-x.r.Context().Done() }

// lost passes the call on and closes the connection before the answer.
func lost(x exchange) {
	x.forward()
	cut(x)
}

// mute passes the call on and never answers.
func mute(x exchange) {
	x.forward()
	hang(x)
}

// half passes the call on and closes the connection in the middle of the answer.
func half(x exchange) {
	a := x.forward()
	x.w.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
	a.body = a.body[:len(a.body)/2]
	x.pass(a)
	x.w.(http.Flusher).Flush()
	cut(x)
}

// wrongChecksum passes the call on and answers correctly with a wrong checksum.
func wrongChecksum(x exchange) {
	a := x.forward()
	a.header.Set("X-Amz-Crc32", "1")
	x.pass(a)
}

// cut closes the connection and passes nothing on.
func cut(exchange) { panic(http.ErrAbortHandler) }
