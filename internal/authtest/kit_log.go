package authtest

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/audit"
	"latchkey/internal/auth"
)

// Log keeps the lines that are logged, and fails the test if they hold a secret.
type Log struct {
	mu      sync.Mutex
	text    bytes.Buffer
	audited int // bytes of text that Audit has read
	secrets []string
}

func newLog(t testing.TB) *Log {
	l := &Log{}
	t.Cleanup(func() {
		for _, secret := range l.Kept() {
			if strings.Contains(l.String(), secret) {
				t.Errorf("the log holds %q:\n%s", secret, l)
			}
		}
	})
	return l
}

// Keep adds texts that must not be logged during the whole test; empty ones are ignored.
func (l *Log) Keep(secrets ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, secret := range secrets {
		if secret != "" {
			l.secrets = append(l.secrets, secret)
		}
	}
}

// Kept returns all texts that were passed to Keep.
func (l *Log) Kept() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.secrets)
}

// Logger returns a logger of every level into the log, with one JSON object per line.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Sink returns a sink of audit records into the log.
func (l *Log) Sink() auth.AuditSink { return audit.Log(l.Logger()) }

// Write adds a line; slog calls it.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Audit returns the audit records since the last Audit, each without its time.
func (l *Log) Audit(t testing.TB) []map[string]any {
	t.Helper()
	l.mu.Lock()
	unread := l.text.String()[l.audited:]
	l.audited = l.text.Len()
	l.mu.Unlock()
	var records []map[string]any
	for line := range strings.Lines(unread) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if record["msg"] == audit.Message {
			delete(record, "time")
			delete(record, "msg")
			records = append(records, record)
		}
	}
	return records
}
