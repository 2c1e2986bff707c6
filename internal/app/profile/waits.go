package profile

import (
	"context"
	"fmt"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

const (
	// callLimit bounds a call with all its attempts; a batch of users may take most of it on a slow line.
	callLimit = 30 * time.Second
	// quiet is how long a call takes before people are told, and how long until they are told again.
	quiet = 3 * time.Second
)

// waits bounds calls and tells people about slow ones, one of several concurrent calls at a time.
type waits struct {
	notify []func(what string)
	mu     sync.Mutex
	told   time.Time
}

// begin returns a function to call at the end of the wait.
func (w *waits) begin(what string) (done func()) {
	timer := time.AfterFunc(quiet, func() { w.tell(what) })
	return func() { timer.Stop() }
}

func (w *waits) tell(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.told) < quiet {
		return
	}
	w.told = time.Now()
	for _, notify := range w.notify {
		notify(what)
	}
}

// options bound every call of every client.
func (w *waits) options() []func(*middleware.Stack) error {
	limit := middleware.InitializeMiddlewareFunc("LatchkeyCallLimit",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			ctx, cancel := context.WithTimeout(ctx, callLimit)
			defer cancel()
			defer w.begin(fmt.Sprintf("%s in %s to answer %s",
				awsmiddleware.GetServiceID(ctx), awsmiddleware.GetRegion(ctx), middleware.GetOperationName(ctx)))()
			return next.HandleInitialize(ctx, in)
		})
	return []func(*middleware.Stack) error{
		func(stack *middleware.Stack) error { return stack.Initialize.Add(limit, middleware.After) },
	}
}
