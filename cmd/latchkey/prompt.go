package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// readPassword asks twice without echo on a terminal, or takes the first line of standard input.
func (c *cli) readPassword(ctx context.Context, fromStdin bool) (string, error) {
	if fromStdin {
		return c.passwordLine(ctx)
	}
	terminal, asks := c.terminal()
	if !asks {
		return "", errors.New("standard input is no terminal to ask for the password on; use --password-stdin")
	}
	first, err := c.ask(ctx, terminal, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := c.ask(ctx, terminal, "Again: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two passwords differ; nothing was changed")
	}
	return first, nil
}

// passwordLine reads the first line of standard input. PowerShell sends a byte order mark before it, or UTF-16.
func (c *cli) passwordLine(ctx context.Context) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(interruptible{ctx, c.in}, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if strings.HasPrefix(line, "\xff\xfe") || strings.HasPrefix(line, "\xfe\xff") {
		return "", errors.New("the password on standard input is UTF-16, not UTF-8; in PowerShell, set $OutputEncoding = [Text.UTF8Encoding]::new()")
	}
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(line, "\ufeff"), "\n"), "\r"), nil
}

// terminal is where somebody can be asked.
func (c *cli) terminal() (*os.File, bool) {
	file, ok := c.in.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

func (c *cli) ask(ctx context.Context, terminal *os.File, question string) (string, error) {
	before, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		return "", fmt.Errorf("prepare the terminal: %w", err)
	}
	fmt.Fprint(c.err, question)
	defer fmt.Fprintln(c.err)
	type answer struct {
		typed []byte
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		typed, err := term.ReadPassword(int(terminal.Fd()))
		answered <- answer{typed, err}
	}()
	select {
	case a := <-answered:
		if a.err != nil {
			return "", fmt.Errorf("read the password: %w", a.err)
		}
		return string(a.typed), nil
	case <-ctx.Done(): // an interrupt: the read goes on, but the terminal must echo again
		return "", errors.Join(errors.New("interrupted; nothing was changed"), term.Restore(int(terminal.Fd()), before))
	}
}
