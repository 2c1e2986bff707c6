package web

import (
	"context"
	"log/slog"
	"net/http"
)

type requestIDKey struct{}

// Identify gives every request an id by the function, for LogHandler's records; a client's header is never taken.
func Identify(next http.Handler, id func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id(r))))
	})
}

// LogHandler adds the request's id to each record that is logged with the request's context, and gives its time in UTC.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, record slog.Record) error {
	record.Time = record.Time.UTC()
	if id, _ := ctx.Value(requestIDKey{}).(string); id != "" {
		record.AddAttrs(slog.String("requestId", id))
	}
	return h.Handler.Handle(ctx, record)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
