package console

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"latchkey/internal/web"
)

// maxEvents is how many audit records a feed keeps for pages that are opened later.
const maxEvents = 200

// heartbeat is how often a quiet stream writes, so that a closed one is noticed.
const heartbeat = 15 * time.Second

// Feed keeps the last audit records, each a line of JSON, and wakes those that wait for the next. It may be used concurrently.
type Feed struct {
	mu      sync.Mutex
	lines   [][]byte
	first   int           // the number of lines[0]
	changed chan struct{} // closed at the next line
}

// NewFeed returns a feed without records.
func NewFeed() *Feed { return &Feed{first: 1, changed: make(chan struct{})} }

// Write takes one line of JSON, as a logger writes it. It never fails and never waits for a reader.
func (f *Feed) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, bytes.TrimSpace(slices.Clone(line)))
	if len(f.lines) > maxEvents {
		f.lines, f.first = slices.Delete(f.lines, 0, 1), f.first+1
	}
	close(f.changed)
	f.changed = make(chan struct{})
	return len(line), nil
}

// after returns the lines after the number, the number of the last, and a channel that is closed when there are more.
func (f *Feed) after(number int) (lines [][]byte, last int, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last = f.first + len(f.lines) - 1
	if number > last { // of an earlier run of the server
		number = 0
	}
	return slices.Clone(f.lines[max(0, min(number-f.first+1, len(f.lines))):]), last, f.changed
}

// audit streams audit records as server-sent events until the page or the server ends. It is a POST, so that the browser
// says which page asks; the page reads the stream itself, because an EventSource cannot send the token.
func (s *console) audit(w http.ResponseWriter, r *http.Request) {
	began := false
	s.endpoint(http.MethodPost, s.operatorsOnly(func() { began = true })).ServeHTTP(w, r)
	if !began {
		return
	}
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(time.Time{}), s.stream(w, r, control)); err != nil {
		s.Log.DebugContext(r.Context(), "the stream of audit records ended", "error", err)
	}
}

// operatorsOnly checks the request and leaves the answer to its caller.
func (s *console) operatorsOnly(begin func()) web.Handler {
	return func(_ http.ResponseWriter, r *http.Request) error {
		err := s.checkOperator(r)
		if err == nil {
			begin()
		}
		return err
	}
}

func (s *console) stream(w http.ResponseWriter, r *http.Request, control *http.ResponseController) error {
	w.Header().Set("Content-Type", "text/event-stream")
	last, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	for {
		lines, number, changed := s.Feed.after(last)
		var events bytes.Buffer
		for i, line := range lines {
			fmt.Fprintf(&events, "id: %d\ndata: %s\n\n", number-len(lines)+1+i, line)
		}
		if len(lines) == 0 {
			events.WriteString(": still here\n\n")
		}
		last = number
		if err := control.SetWriteDeadline(time.Now().Add(heartbeat)); err != nil {
			return err
		}
		if _, err := w.Write(events.Bytes()); err != nil {
			return err
		}
		if err := control.Flush(); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-s.Done:
			return nil
		case <-changed:
		case <-time.After(heartbeat):
		}
	}
}
