package auth

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// beside runs f while the caller goes on; wait, which must be called, returns its error.
func beside(f func() error) (wait func() error) {
	done := make(chan error, 1)
	go func() { done <- guarded(f) }()
	return func() error { return <-done }
}

// inTurn stands in for beside over a store that makes one write at a time: it runs f when the caller waits for it.
func inTurn(f func() error) (wait func() error) {
	return func() error { return guarded(f) }
}

// guarded makes an error of a panic, which in a goroutine of its own would end the process.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %T\n%s", p, debug.Stack())
		}
	}()
	return f()
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
