package auth

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// beside runs f while the caller goes on; wait returns its error. A panic in it is an error too: in a goroutine of
// its own it would end the process.
func beside(f func() error) (wait func() error) {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %T\n%s", p, debug.Stack())
			}
		}()
		done <- f()
	}()
	return func() error { return <-done }
}

// lastWords is the time for what must be written when the caller's is over: less than a function keeps for its answer.
const lastWords = 250 * time.Millisecond

// outliving is for what must be written though the caller has hung up: it ends with the caller's time and not before,
// and in lastWords where that is over.
func outliving(ctx context.Context) (context.Context, context.CancelFunc) {
	detached := context.WithoutCancel(ctx)
	deadline, limited := ctx.Deadline()
	if !limited {
		return detached, func() {}
	}
	return context.WithTimeout(detached, max(time.Until(deadline), lastWords))
}
