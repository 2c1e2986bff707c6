package auth

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// start begins f and returns a function that waits for its error; the caller must call it.
type start func(f func() error) (wait func() error)

// concurrently runs f in a goroutine.
func concurrently(f func() error) (wait func() error) {
	done := make(chan error, 1)
	go func() { done <- guarded(f) }()
	return func() error { return <-done }
}

// deferred runs f when the caller waits: for stores that serialize writes, where goroutines only add cost.
func deferred(f func() error) (wait func() error) {
	return func() error { return guarded(f) }
}

// guarded turns a panic in f into an error; in a goroutine it would end the process.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %T\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// minWriteTime is the least time a write gets after the caller's deadline: less than a function keeps for its answer.
const minWriteTime = 250 * time.Millisecond

// detach keeps ctx's deadline but not its cancellation: for writes that must happen even if the client hung up.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	detached := context.WithoutCancel(ctx)
	deadline, limited := ctx.Deadline()
	if !limited {
		return detached, func() {}
	}
	return context.WithTimeout(detached, max(time.Until(deadline), minWriteTime))
}
