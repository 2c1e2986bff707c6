// Package metrics counts what the service does, for CloudWatch: one line in its embedded metric format (EMF) for each
// request that leaves an audit record, written to the same stream as the log. Nothing is called and nothing waits, and the
// counts are made from the audit records themselves, so that the two cannot differ.
package metrics

import (
	"context"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/internal/auth"
)

// Recorder is a sink of audit records that writes the lines. It may be used concurrently; make one with New for each process.
type Recorder struct {
	out       io.Writer
	namespace string
	keySince  func(context.Context) (time.Time, error)
	now       func() time.Time
	started   atomic.Bool // a request was counted
}

// New returns a recorder that writes each line to out in one call. keySince returns the time since which the current key signs.
func New(out io.Writer, namespace string, keySince func(context.Context) (time.Time, error), now func() time.Time) *Recorder {
	return &Recorder{out: out, namespace: namespace, keySince: keySince, now: now}
}

// Record notes the record for the line of the request that ctx belongs to. A mail's record has a line of its own, because mails are sent
// outside requests.
func (r *Recorder) Record(ctx context.Context, record auth.AuditRecord) error {
	if record.Mail != "" {
		r.writeText(mailLine(r.namespace, record, r.now()))
		return nil
	}
	s := sampleOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = record
	return nil
}

// Handler writes the line of each request that left an audit record, once it is answered. A line that cannot be written
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
	r.writeText(l.document(r.namespace, now))
}

func (r *Recorder) writeText(document map[string]any) {
	if text, err := json.Marshal(document, json.Deterministic(true)); err == nil {
		r.out.Write(append(text, '\n'))
	}
}

// sample is what is known of one request; concurrent calls add to it.
type sample struct {
	mu          sync.Mutex
	record      auth.AuditRecord
	hash, store time.Duration
	hashes      int
}

type sampleKey struct{}

// sampleOf returns the sample of the request that ctx belongs to, or one that is never read.
func sampleOf(ctx context.Context) *sample {
	if s, counted := ctx.Value(sampleKey{}).(*sample); counted {
		return s
	}
	return &sample{}
}

// line returns the values that are the request's own, and whether it left an audit record.
func (s *sample) line() (l line, audited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.record
	if r.Outcome == "" {
		return line{}, false
	}
	l = line{contract: r.Contract, outcome: string(r.Outcome), factor: factorOf(r)}
	if r.Reason == auth.ReasonCanceled { // a failure in the audit, and no reason for an alarm
		l.outcome = string(r.Reason)
	}
	switch r.Event {
	case auth.EventLogin, auth.EventImpersonation:
		l.add("Throttled", "Count", count(r.Reason.Throttled()))
		l.add("UnknownUser", "Count", count(r.Reason == auth.ReasonUnknownUser))
		l.add("ListedPassword", "Count", count(r.Listed))
	case auth.EventPasswordChange:
		l.add("PasswordChange", "Count", count(r.Outcome == auth.OutcomeSuccess))
	case auth.EventResetRequest:
		l.add("ResetRequest", "Count", count(r.Outcome == auth.OutcomeSuccess))
	case auth.EventPasswordReset:
		l.add("PasswordReset", "Count", count(r.Outcome == auth.OutcomeSuccess))
	}
	if s.hashes > 0 {
		l.add("HashMilliseconds", "Milliseconds", milliseconds(s.hash))
	}
	l.add("StoreMilliseconds", "Milliseconds", milliseconds(s.store))
	return l, true
}

// factorOf returns in a word what the user of a successful sign-in proved in addition to the password, and an empty one for other records.
func factorOf(r auth.AuditRecord) string {
	methods := strings.Split(r.AMR, ",")
	proved := func(method string) bool { return slices.Contains(methods, method) }
	switch {
	case r.AMR == "":
		return ""
	case proved("hwk") || proved("swk"):
		return "passkey"
	case proved("otp"):
		return "totp"
	case proved("mfa"):
		return "recovery"
	case r.DeviceID != "":
		return "device"
	}
	return "none"
}

func count(happened bool) float64 {
	if happened {
		return 1
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
