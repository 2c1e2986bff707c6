package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// IsTerminal reports whether the reader or writer is a terminal, with a person in front of it.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Dialog asks on a terminal, or reads answers from what stands in for it.
type Dialog struct {
	In  io.Reader
	Out io.Writer // for questions
}

// CanAsk reports whether there is a terminal to ask on.
func (d Dialog) CanAsk() bool { return IsTerminal(d.In) }
