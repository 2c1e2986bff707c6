package auth

import (
	"fmt"
	"runtime/debug"
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
