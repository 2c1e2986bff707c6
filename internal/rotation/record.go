package rotation

import (
	"context"
	"errors"
	"log/slog"

	"latchkey/internal/auth"
	"latchkey/internal/token"
)

// record writes what became of one event, in the words of the audit of sign-ins.
func (r *Rotator) record(ctx context.Context, e event, d done, err error) {
	level, outcome := slog.LevelInfo, "success"
	switch {
	case errors.Is(err, errRefused):
		level, outcome, d.reason = slog.LevelWarn, "refused", "not_allowed"
	case err != nil:
		level, outcome, d.reason = slog.LevelError, "failed", "unavailable"
	}
	attrs := []slog.Attr{
		slog.String("event", "key_rotation"), slog.String("outcome", outcome), slog.String("reason", d.reason),
		slog.String("step", e.String()),
	}
	if d.ring != nil {
		attrs = append(attrs, slog.String("kid", keyID(d.ring, token.Current)), slog.String("next", keyID(d.ring, token.Next)))
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	r.Log.LogAttrs(ctx, level, auth.AuditMessage, attrs...)
}

func keyID(ring *token.Ring, state token.State) string {
	for _, k := range ring.Facts() {
		if k.State == state {
			return k.KeyID
		}
	}
	return ""
}
