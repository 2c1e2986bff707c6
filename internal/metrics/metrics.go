// Package metrics counts what the service does, for CloudWatch: one line in its embedded metric format (EMF) for each
// request that leaves an audit record, written beside the log. Nothing is called and nothing waits, and the counts are
// drawn from the audit records themselves, so that the two cannot differ.
package metrics

import (
	"context"
	"io"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
)

// Recorder writes the lines. It may be used concurrently; make one with New for each process.
type Recorder struct {
	out       io.Writer
	namespace string
	keySince  func(context.Context) (time.Time, error)
	now       func() time.Time
	started   atomic.Bool // a request was counted
}

// New returns a recorder that writes each line to out in one call. keySince says since when the current key signs.
func New(out io.Writer, namespace string, keySince func(context.Context) (time.Time, error), now func() time.Time) *Recorder {
	return &Recorder{out: out, namespace: namespace, keySince: keySince, now: now}
}

// Handler writes the line of each request that left an audit record, when it is answered. A line that cannot be written
// is lost: no sign-in fails for it. A nil Recorder returns next.
func (r *Recorder) Handler(next http.Handler) http.Handler {
	if r == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s := &sample{}
		ctx := context.WithValue(req.Context(), sampleKey{}, s)
		next.ServeHTTP(w, req.WithContext(ctx))
		r.write(ctx, s)
	})
}

func (r *Recorder) write(ctx context.Context, s *sample) {
	l, audited := s.line()
	if !audited {
		return
	}
	now := r.now()
	l.add("ColdStarts", "Count", count(r.started.CompareAndSwap(false, true)))
	if since, err := r.keySince(ctx); err == nil {
		l.add("KeyAgeDays", "None", math.Round(now.Sub(since).Hours()/2.4)/10)
	}
	if text, err := json.Marshal(l.document(r.namespace, now), json.Deterministic(true)); err == nil {
		r.out.Write(append(text, '\n'))
	}
}

// sample is what is known of one request; calls that run beside each other add to it.
type sample struct {
	mu          sync.Mutex
	audit       audit
	hash, store time.Duration
	hashes      int
}

type sampleKey struct{}

// sampleOf returns the sample of the request that ctx belongs to, or one that nobody reads.
func sampleOf(ctx context.Context) *sample {
	if s, counted := ctx.Value(sampleKey{}).(*sample); counted {
		return s
	}
	return &sample{}
}

// line has the values in which the request differs from others, and whether it left an audit record.
func (s *sample) line() (l line, audited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.audit
	if a.outcome == "" {
		return line{}, false
	}
	l = line{contract: a.contract, outcome: a.outcome}
	if a.signIn {
		l.add("Throttled", "Count", count(a.throttled))
		l.add("UnknownUser", "Count", count(a.unknown))
	}
	if s.hashes > 0 {
		l.add("HashMilliseconds", "Milliseconds", milliseconds(s.hash))
	}
	l.add("StoreMilliseconds", "Milliseconds", milliseconds(s.store))
	return l, true
}

func count(happened bool) float64 {
	if happened {
		return 1
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
