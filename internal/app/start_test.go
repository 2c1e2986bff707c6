package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/authorizer"
)

// failing is a function that fails in the way that its event names.
type failing struct{}

// Invoke fails.
func (failing) Invoke(_ context.Context, event []byte) ([]byte, error) {
	switch string(event) {
	case `"denied"`:
		return nil, authorizer.ErrUnauthorized
	case `"panic"`:
		panic("hunter2")
	}
	return nil, errors.New("createSecret: look up the secret's versions: no answer")
}

// TestFunctionErrors promises one JSON line at ERROR for an error of a function, none for a denial, which is logged when
// it is decided, and never the value of a panic.
func TestFunctionErrors(t *testing.T) {
	if os.Getenv("LATCHKEY_TEST_BE_A_FUNCTION") != "" {
		app.Start(failing{}, os.Stdout)
		return
	}
	for event, want := range map[string]string{
		`"denied"`: "", `"panic"`: "the function panicked", `"error"`: "look up the secret's versions",
	} {
		output := runFunction(t, event)
		lines := 0
		for line := range strings.Lines(output) {
			var record struct{ Timestamp, Level, Message, Error string }
			if err := json.Unmarshal([]byte(line), &record); err != nil || record.Level != "ERROR" || record.Timestamp == "" {
				t.Errorf("%s: not a JSON line at ERROR: %s", event, line)
			}
			if strings.Contains(record.Message, "the Lambda runtime failed") {
				continue // how aws-lambda-go ends after a panic, and when the test takes the runtime away
			}
			if lines++; want == "" || !strings.Contains(record.Message+record.Error, want) {
				t.Errorf("%s: logged %s", event, line)
			}
		}
		if (lines == 1) != (want != "") || strings.Contains(output, "hunter2") {
			t.Errorf("%s: %d lines:\n%s", event, lines, output)
		}
	}
}

// runFunction lets this test's binary answer one event as a Lambda function, and returns its log.
func runFunction(t *testing.T, event string) string {
	t.Helper()
	events, reported := make(chan string, 1), make(chan struct{})
	events <- event
	runtime := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusAccepted)
			close(reported)
			return
		}
		select {
		case next := <-events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(10*time.Second).UnixMilli(), 10))
			io.WriteString(w, next)
		default: // ends the function
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer runtime.Close()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFunctionErrors$")
	cmd.Env = append(os.Environ(), "LATCHKEY_TEST_BE_A_FUNCTION=1", "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(runtime.URL, "http://"))
	output, _ := cmd.CombinedOutput() // it exits with 1: its runtime is gone
	select {
	case <-reported:
	default:
		t.Errorf("%s was not reported:\n%s", event, output)
	}
	return string(output)
}
