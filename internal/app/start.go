package app

import (
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"latchkey/internal/authorizer"
)

// Start serves the function's events until Lambda ends the process; out is its log. Each error of the function is one
// JSON line there, in place of the text that aws-lambda-go writes to the standard logger.
func Start(function lambda.Handler, out io.Writer) {
	log.SetFlags(0)
	log.SetOutput(runtimeLog{functionLogger(out, slog.LevelError)})
	lambda.Start(function)
}

// runtimeLog turns what aws-lambda-go logs into JSON lines at ERROR.
type runtimeLog struct{ log *slog.Logger }

// Write is one line of aws-lambda-go: the error that it reports to Lambda, as JSON, or a text of its own.
func (l runtimeLog) Write(line []byte) (int, error) {
	var reported struct {
		Message string          `json:"errorMessage"`
		Type    string          `json:"errorType"`
		Stack   json.RawMessage `json:"stackTrace"`
	}
	switch err := json.Unmarshal(line, &reported); {
	case err != nil:
		l.log.Error("the Lambda runtime failed", "error", strings.TrimSpace(string(line)))
	case reported.Stack != nil: // a panic, whose value may hold parts of the event
		l.log.Error("the function panicked", "type", reported.Type, "stack", reported.Stack)
	case !slices.Contains(loggedErrors(), reported.Message):
		l.log.Error("the function failed", "error", reported.Message)
	}
	return len(line), nil
}

// loggedErrors are those that a function returns after it has logged why.
func loggedErrors() []string {
	return []string{authorizer.ErrUnauthorized.Error(), authorizer.ErrFailed.Error()}
}
