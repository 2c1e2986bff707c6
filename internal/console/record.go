package console

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/internal/web"
)

// callHeader marks a request of the page with an id of the page's choice, under which it asks for a copy of the answer.
const callHeader = "Latchkey-Console-Call"

// The most that is kept of exchanges: pages ask for them at once, and only once.
const (
	maxExchanges = 32
	maxRecorded  = 64 << 10
	exchangeLife = time.Minute
)

// exchange is a request as it arrived and the answer as it left. A script cannot see the Cookie and Set-Cookie lines of
// its own calls: the browser hides them, and the server shows them to the page that made the call.
type exchange struct {
	Request  message `json:"request"`
	Response message `json:"response"`
	Millis   float64 `json:"millis"`
	at       time.Time
}

// message is one side of an exchange. First is its first line.
type message struct {
	First   string      `json:"first"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
}

// recorder keeps copies of the exchanges that pages of this server mark.
type recorder struct {
	next http.Handler
	now  func() time.Time
	mu   sync.Mutex
	kept map[string]exchange
}

func newRecorder(next http.Handler, now func() time.Time) *recorder {
	return &recorder{next: next, now: now, kept: map[string]exchange{}}
}

// ServeHTTP passes the request on, and keeps a copy if a page of this very origin asked for one: the browser writes
// Sec-Fetch-Site itself, so pages of other origins, allowed ones too, cannot.
func (c *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get(callHeader)
	r.Header.Del(callHeader)
	if len(id) < 16 || len(id) > 64 || r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		c.next.ServeHTTP(w, r)
		return
	}
	began := c.now()
	sent := message{fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), r.Proto), lines(r.Header), ""}
	sent.Headers = append([][2]string{{"Host", r.Host}}, sent.Headers...)
	body := &bounded{}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r.Body, body), r.Body}
	answer := &copied{ResponseWriter: w}
	c.next.ServeHTTP(answer, r)
	sent.Body = body.String()
	status := cmp.Or(answer.status, http.StatusOK)
	got := message{fmt.Sprintf("%s %d %s", r.Proto, status, http.StatusText(status)), lines(w.Header()), answer.body.String()}
	c.keep(id, exchange{sent, got, float64(c.now().Sub(began).Microseconds()) / 1000, began})
}

// keep drops expired exchanges, and the oldest of too many.
func (c *recorder) keep(id string, e exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.kept, func(_ string, old exchange) bool { return e.at.Sub(old.at) > exchangeLife })
	if len(c.kept) >= maxExchanges {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(c.kept)), func(a, b string) int { return c.kept[a].at.Compare(c.kept[b].at) })
		delete(c.kept, oldest)
	}
	c.kept[id] = e
}

// take returns the exchange and forgets it.
func (c *recorder) take(id string) (exchange, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, found := c.kept[id]
	delete(c.kept, id)
	return e, found
}

// answer gives the page the copy that it asked for.
func (s *console) answer(w http.ResponseWriter, r *http.Request) error {
	if !isOwnPage(r) {
		return errNotOwnPage
	}
	var asked struct {
		ID string `json:"id"`
	}
	if err := web.ReadJSON(w, r, &asked); err != nil {
		return err
	}
	e, found := s.answers.take(asked.ID)
	if !found {
		return errNotKept
	}
	return web.WriteJSON(w, http.StatusOK, e)
}

// lines returns the headers sorted by name, each value in a line of its own.
func lines(h http.Header) [][2]string {
	all := [][2]string{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			all = append(all, [2]string{name, value})
		}
	}
	return all
}

// copied is an answer of which a copy is kept.
type copied struct {
	http.ResponseWriter
	status int
	body   bounded
}

// WriteHeader notes the status.
func (c *copied) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Write notes the body.
func (c *copied) Write(p []byte) (int, error) {
	c.body.Write(p)
	return c.ResponseWriter.Write(p)
}

// bounded keeps the beginning of a body as text.
type bounded struct{ bytes.Buffer }

// Write never fails: what is too much is left out.
func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), maxRecorded-b.Len())])
	return len(p), nil
}

// String returns the text, with bytes that are not UTF-8 replaced.
func (b *bounded) String() string { return strings.ToValidUTF8(b.Buffer.String(), "\uFFFD") }
