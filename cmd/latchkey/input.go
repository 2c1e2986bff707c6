package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// open opens the file, or standard input for '-'.
func (c *cli) open(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(interruptible{ctx, c.in}), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory", name)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// interruptible is a reader whose Read ends with ctx. That of a pipe or a terminal waits for as long as nobody writes,
// and an interrupt, which only ends ctx, would seem to do nothing.
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
