package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"
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

// LogRequests writes one line for each request when it is answered: its method, route pattern, status, milliseconds and
// source. It logs neither paths nor queries, which may hold credentials.
func LogRequests(next http.Handler, pattern func(*http.Request) string, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		log.InfoContext(r.Context(), "request", "method", knownMethod(r.Method), "path", pattern(r), "status", answer.status,
			"ms", float64(time.Since(start).Microseconds())/1000, "source", r.RemoteAddr)
	})
}

// knownMethod returns the method if it is one that HTTP defines: a client may send any token.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return "(unknown)"
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
