package terminal

import (
	"context"
	"errors"
	"io"
)

// Interruptible returns a reader whose Read ends with ctx. That of a pipe or a terminal waits until someone writes, and an
// interrupt, which only ends ctx, would seem to do nothing.
func Interruptible(ctx context.Context, in io.Reader) io.Reader { return interruptible{ctx, in} }

type interruptible struct {
	ctx context.Context
	in  io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	own := make([]byte, min(len(p), 64<<10)) // after an interrupt p is the caller's again
	go func() {
		n, err := r.in.Read(own)
		done <- result{n, err}
	}()
	select {
	case d := <-done:
		return copy(p, own[:d.n]), d.err
	case <-r.ctx.Done():
		return 0, errors.New("interrupted")
	}
}
