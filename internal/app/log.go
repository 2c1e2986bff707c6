package app

import (
	"io"
	"log/slog"

	"latchkey/internal/web"
)

// NewLogger returns the logger of a deployed function: JSON with the member names that CloudWatch's own
// filters read, and the request's id on each line.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(web.LogHandler(slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return a
			}
			switch a.Key {
			case slog.TimeKey:
				a.Key = "timestamp"
			case slog.MessageKey:
				a.Key = "message"
			}
			return a
		},
	})))
}
