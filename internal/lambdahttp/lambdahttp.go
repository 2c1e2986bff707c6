// Package lambdahttp runs a net/http handler as a Lambda function behind API Gateway. A handler must not be able to tell it
// from an http.Server, and no event may stop the process, because the next call would be a cold start. We do not use the
// common adapter because it parses the decoded path as a URL again, repeats cookies, and splits headers at commas.
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

// maxPayload is Lambda's limit for a synchronous call in bytes of JSON, in each direction.
const maxPayload = 6_291_556

// deadlineMargin is reserved before a call's deadline for the answer and for writes that must happen even then; a call with
// less than twice as much time left reserves half of it.
const deadlineMargin = 500 * time.Millisecond

// Adapter answers HTTP events with an http.Handler. It is a lambda.Handler for lambda.Start, keeps no state between calls, and
// is safe for concurrent use.
type Adapter struct {
	next http.Handler
	log  *slog.Logger
}

// Option changes how Wrap builds an Adapter.
type Option func(*Adapter)

// WithLogger sets the logger for panics and invalid answers. The default is slog.Default.
func WithLogger(log *slog.Logger) Option { return func(a *Adapter) { a.log = log } }

// Wrap makes a Lambda function of the handler. Each call runs in the invoking goroutine, with the call's context shortened by a
// margin for the answer.
func Wrap(next http.Handler, options ...Option) *Adapter {
	a := &Adapter{next: next, log: slog.Default()}
	for _, option := range options {
		option(a)
	}
	return a
}

// Invoke answers one event, as JSON of at most 6 MB. The error is always nil: an event that is not an HTTP event is answered
// 400 without calling the handler, a panic or an invalid answer 500.
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

// serve turns panics into errors, because a panic beyond this point would end the process.
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

// describe names the value of a panic. Only the runtime's own errors are quoted: any other value may contain parts of the
// request.
func describe(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}

// failure is our own answer, in the form of API Gateway's own answers.
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

// RequestID returns the gateway's id of the request, requestContext.requestId, or an empty string outside of Invoke.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
