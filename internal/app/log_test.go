package app_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"latchkey/internal/app"
)

// TestLogger promises lines in CloudWatch's own member names, with the request's id, and nothing below the level.
func TestLogger(t *testing.T) {
	var out bytes.Buffer
	log := app.NewLogger(&out, slog.LevelInfo)
	handler := app.Identified(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		log.DebugContext(r.Context(), "unheard")
		log.InfoContext(r.Context(), "heard", slog.Group("inner", "msg", "stays", "time", "stays"))
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	var line struct {
		Timestamp, Level, Message, RequestID string
		Inner                                struct{ Msg, Time string }
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("want one line of JSON: %v\n%s", err, out.String())
	}
	if _, err := time.Parse(time.RFC3339Nano, line.Timestamp); err != nil {
		t.Error(err)
	}
	if line.Level != "INFO" || line.Message != "heard" || len(line.RequestID) != 16 || line.Inner.Msg != "stays" || line.Inner.Time != "stays" {
		t.Errorf("logged %s", out.String())
	}
}
