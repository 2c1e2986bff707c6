package metrics

import (
	"context"
	"log/slog"

	"latchkey/internal/auth"
)

// audit is what an audit record says that is counted.
type audit struct {
	contract, outcome          string
	signIn, throttled, unknown bool
}

// Log returns a handler that takes note of the audit records on their way to next, of those too that next's level leaves
// out.
func (r *Recorder) Log(next slog.Handler) slog.Handler {
	return logHandler{next}
}

type logHandler struct{ next slog.Handler }

func (h logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || h.next.Enabled(ctx, level)
}

func (h logHandler) Handle(ctx context.Context, record slog.Record) error {
	if record.Message == auth.AuditMessage {
		s := sampleOf(ctx)
		s.mu.Lock()
		s.audit = read(record)
		s.mu.Unlock()
	}
	if !h.next.Enabled(ctx, record.Level) {
		return nil
	}
	return h.next.Handle(ctx, record)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.next.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.next.WithGroup(name)} }

func read(record slog.Record) (a audit) {
	canceled := false
	record.Attrs(func(attr slog.Attr) bool {
		switch value := attr.Value.String(); attr.Key {
		case "event":
			a.signIn = value == string(auth.EventLogin) || value == string(auth.EventImpersonation)
		case "outcome":
			a.outcome = value
		case "contract":
			a.contract = value
		case "reason":
			reason := auth.Reason(value)
			a.throttled, a.unknown, canceled = reason.Throttled(), reason == auth.ReasonUnknownUser, reason == auth.ReasonCanceled
		}
		return true
	})
	if canceled { // the audit has it as failed, but nobody shall be woken for it
		a.outcome = string(auth.ReasonCanceled)
	}
	return a
}
