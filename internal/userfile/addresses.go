package userfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"latchkey/internal/auth"
)

// Address is one line of a file that names users: its number, counted from 1, and the address or the reason why there is none.
type Address struct {
	Number     int
	Identifier auth.Identifier
	Err        error
	Read       int64 // bytes of the file up to the end of the line
}

// Addresses yields the lines of a file that have text, in order: an address each, or a user as Decode reads it. It ends with the error
// of reading, if there is one.
func Addresses(in io.Reader) iter.Seq2[Address, error] {
	return func(yield func(Address, error) bool) {
		lines := lineReader{Reader: bufio.NewReaderSize(in, MaxLine+2)}
		for number := 1; ; number++ {
			raw, err := lines.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Address{Number: number}, fmt.Errorf("read line %d: %w", number, err))
				return
			}
			if number == 1 {
				raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
			}
			if raw = bytes.TrimSpace(raw); len(raw) == 0 {
				continue
			}
			a := Address{Number: number, Read: lines.read}
			if a.Identifier, a.Err = addressOf(raw); !yield(a, nil) {
				return
			}
		}
	}
}

func addressOf(line []byte) (auth.Identifier, error) {
	if line[0] == '{' {
		entry, err := Decode(line)
		return entry.User.Identifier, err
	}
	if len(line) > MaxLine {
		return auth.Identifier{}, errors.New("the line is too long for an address")
	}
	_, identifier, err := parseEmail(string(line))
	return identifier, err
}
