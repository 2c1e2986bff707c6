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

// functionLogger returns NewLogger for a deployed function, with the version on each line: during a staged deployment two
// versions write to one log.
func functionLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return NewLogger(w, level).With("version", Version())
}

// LogStartError writes one JSON line at ERROR that says why the function cannot start; w is the log of a Lambda function.
// The level filters of Lambda and CloudWatch see it, unlike a line of text.
func LogStartError(w io.Writer, function string, err error) {
	functionLogger(w, slog.LevelError).Error("the "+function+" function cannot start", "error", err.Error())
}
