package terminal

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

// ErrCannotAsk means that a password was to be asked for and standard input is not a terminal.
var ErrCannotAsk = errors.New("standard input is not a terminal, so the password cannot be asked for; use --password-stdin")

// KnownPassword asks once, without echo, for a password that exists already. Without a terminal it is ErrCannotAsk; an
// interrupt ends it with ctx.
func (d Dialog) KnownPassword(ctx context.Context) (string, error) {
	terminal, ok := d.In.(*os.File)
	if !ok || !d.CanAsk() {
		return "", ErrCannotAsk
	}
	return d.ask(ctx, terminal, "Password: ")
}

// Password asks for a new password twice, without echo, and refuses two that differ. Without a terminal it is
// ErrCannotAsk.
func (d Dialog) Password(ctx context.Context) (string, error) {
	terminal, ok := d.In.(*os.File)
	if !ok || !d.CanAsk() {
		return "", ErrCannotAsk
	}
	first, err := d.ask(ctx, terminal, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := d.ask(ctx, terminal, "Again: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two passwords differ; nothing was changed")
	}
	return first, nil
}

// maxPasswordLine bounds what PasswordLine reads, in bytes.
const maxPasswordLine = 4096

// PasswordLine reads a password from the first line of input, without its end and without the byte order mark that
// PowerShell writes. UTF-16 is refused: its zero bytes would become part of the password.
func (d Dialog) PasswordLine(ctx context.Context) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(Interruptible(ctx, d.In), maxPasswordLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if strings.HasPrefix(line, "\xff\xfe") || strings.HasPrefix(line, "\xfe\xff") {
		return "", errors.New("the password on standard input is UTF-16, not UTF-8; in PowerShell, set $OutputEncoding = [Text.UTF8Encoding]::new()")
	}
	line = strings.TrimPrefix(line, "\ufeff")
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}

// Confirm asks the question and reports whether the answer is the word.
func (d Dialog) Confirm(ctx context.Context, question, word string) bool {
	fmt.Fprint(d.Out, question)
	answer, err := bufio.NewReader(Interruptible(ctx, d.In)).ReadString('\n')
	return err == nil && strings.TrimSpace(answer) == word
}

func (d Dialog) ask(ctx context.Context, terminal *os.File, question string) (string, error) {
	before, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		return "", fmt.Errorf("prepare the terminal: %w", err)
	}
	fmt.Fprint(d.Out, question)
	defer fmt.Fprintln(d.Out)
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
