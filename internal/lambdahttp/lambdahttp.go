// Package lambdahttp runs a net/http handler as a Lambda function behind API Gateway: event in, answer out. A handler
// must not be able to tell it from an http.Server, and no event, however odd, may stop the process: the next
// call would be a cold start. It is our own because the common adapter parses the decoded path as a URL again,
// repeats cookies and splits headers at commas.
package lambdahttp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"
)

// maxPayload is how many bytes of JSON Lambda carries in a synchronous call, in each direction.
const maxPayload = 6_291_556

// deadlineMargin is the time kept back from a call's deadline, so that the answer still gets out, and before it what
// must be written though the time is over; calls that have less than twice of it left keep a half.
const deadlineMargin = 500 * time.Millisecond

// Adapter answers HTTP events by an http.Handler. It is a lambda.Handler for lambda.Start, keeps nothing between
// calls, and calls may be concurrent.
type Adapter struct {
	next http.Handler
	log  *slog.Logger
}

// Option changes how Wrap builds an Adapter.
type Option func(*Adapter)

// WithLogger sets where panics and unusable answers are logged; without it that is slog.Default.
func WithLogger(log *slog.Logger) Option { return func(a *Adapter) { a.log = log } }

// Wrap makes a Lambda function of the handler. Each call runs in the goroutine that invokes it, under the call's
// context less a margin for the answer.
func Wrap(next http.Handler, options ...Option) *Adapter {
	a := &Adapter{next: next, log: slog.Default()}
	for _, option := range options {
		option(a)
	}
	return a
}

// Invoke answers one event, as JSON of at most 6 MB. The error is always nil: what is no HTTP event is
// answered 400 without reaching the handler, a panic or an answer that cannot be passed on 500.
func (a *Adapter) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	ctx, cancel := withMargin(ctx)
	defer cancel()
	call, encode, err := read(event)
	if err != nil {
		return encode(failure(http.StatusBadRequest, err.Error()))
	}
	req, err := call.request(ctx)
	if err != nil {
		return encode(failure(http.StatusBadRequest, err.Error()))
	}
	out, err := a.serve(req, encode)
	if err != nil {
		a.log.ErrorContext(ctx, "the HTTP handler gave no answer that can be passed on", "error", err)
		return encode(failure(http.StatusInternalServerError, "Internal Server Error"))
	}
	return out, nil
}

// serve turns panics into errors: a panic that left here would end the process.
func (a *Adapter) serve(req *http.Request, encode encoder) (out []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %s\n%s", describe(v), debug.Stack())
		}
	}()
	rec := newRecorder()
	a.next.ServeHTTP(rec, req)
	ans, err := rec.answer(req.Method)
	if err != nil {
		return nil, err
	}
	return encode(ans)
}

func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(deadlineMargin, time.Until(deadline)/2)))
}

// describe says what was panicked with. Only the runtime's own errors are quoted: any other value may hold parts
// of the request.
func describe(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}

// failure is an answer of our own, in the shape that API Gateway uses for its own.
func failure(status int, message string) answer {
	return answer{
		status: status,
		header: http.Header{
			"Content-Type":           {"application/json"},
			"Cache-Control":          {"no-store"},
			"X-Content-Type-Options": {"nosniff"},
		},
		body: []byte(`{"message":"` + message + `"}`),
	}
}

type requestIDKey struct{}

// RequestID returns the gateway's id of the request, requestContext.requestId, or nothing outside of Invoke.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
