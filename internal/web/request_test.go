package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/web"
)

// TestIdentify promises the given id in the log of a request, never the one that a client sends.
func TestIdentify(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(web.LogHandler(slog.NewTextHandler(&log, nil))).With("app", "test").WithGroup("g")
	h := web.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		logger.InfoContext(r.Context(), "inside")
	}), func(*http.Request) string { return "id-1" })
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Request-Id", "forged")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if !strings.Contains(log.String(), "requestId=id-1") || strings.Contains(log.String(), "forged") {
		t.Errorf("the log inside of a request: %s", &log)
	}
	log.Reset()
	logger.Info("outside")
	if strings.Contains(log.String(), "requestId") {
		t.Errorf("the log outside of a request: %s", &log)
	}
}

// TestLogTimeIsUTC promises times in UTC in every time zone.
func TestLogTimeIsUTC(t *testing.T) {
	var log bytes.Buffer
	at := time.Date(2026, 1, 2, 4, 4, 5, 0, time.FixedZone("CET", 3600))
	h := web.LogHandler(slog.NewTextHandler(&log, nil))
	if err := h.Handle(t.Context(), slog.NewRecord(at, slog.LevelInfo, "noted", 0)); err != nil || !strings.Contains(log.String(), "time=2026-01-02T03:04:05.000Z ") {
		t.Errorf("%v: %s", err, &log)
	}
}
