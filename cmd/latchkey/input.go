package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"latchkey/internal/terminal"
)

// open opens the file, or standard input for '-'.
func (c *cli) open(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(terminal.Interruptible(ctx, c.in)), nil
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
