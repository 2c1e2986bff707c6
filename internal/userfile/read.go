package userfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
)

// What is read and decoded at once. A reader holds a few batches in memory, however long the file is.
const (
	maxBatch = 1 << 20 // bytes
	maxLines = 2000
)

// Batch is some lines of a file that follow one another; blank ones are left out.
type Batch struct {
	Lines []Line
	Last  int   // number of the last line, blank or not
	Read  int64 // bytes of the file up to the end of that line
}

// Line is one line of a file: its number from 1 on, and what it says or why that cannot be had.
type Line struct {
	Number int
	Entry  Entry
	Err    error
}

// Read yields a file in order and decodes its lines on all processors. Of a pipe it yields what has come, and waits for
// no more. It ends with the error of reading, if there is one, or with ctx.
func Read(ctx context.Context, in io.Reader) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		var failed error
		decoding := make(chan chan Batch, runtime.GOMAXPROCS(0))
		go func() {
			defer close(decoding)
			failed = readChunks(in, func(c chunk) error {
				decoded := make(chan Batch, 1)
				select {
				case decoding <- decoded:
				case <-ctx.Done():
					return ctx.Err()
				}
				go func() { decoded <- c.decode() }()
				return nil
			})
		}()
		for decoded := range decoding {
			if !yield(<-decoded, nil) {
				return
			}
		}
		if failed != nil {
			yield(Batch{}, failed)
		}
	}
}

// chunk is a batch that is not decoded yet.
type chunk struct {
	first int // number of the first line
	lines [][]byte
	size  int
	read  int64
}

func (c chunk) decode() Batch {
	b := Batch{Last: c.first + len(c.lines) - 1, Read: c.read}
	for i, raw := range c.lines {
		if len(raw) <= MaxLine && len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		entry, err := Decode(raw)
		b.Lines = append(b.Lines, Line{Number: c.first + i, Entry: entry, Err: err})
	}
	return b
}

func readChunks(in io.Reader, take func(chunk) error) error {
	lines := lineReader{Reader: bufio.NewReaderSize(in, max(maxBatch, MaxLine+2))}
	for first := 1; ; {
		c := chunk{first: first}
		var err error
		for err == nil && len(c.lines) < maxLines && c.size < maxBatch && (len(c.lines) == 0 || lines.ready()) {
			var raw []byte
			if raw, err = lines.next(); err == nil {
				c.lines, c.size = append(c.lines, raw), c.size+len(raw)
			}
		}
		if first == 1 && len(c.lines) > 0 {
			c.lines[0] = bytes.TrimPrefix(c.lines[0], []byte("\ufeff")) // a byte order mark: Windows writes it
		}
		first += len(c.lines)
		c.read = lines.read
		if len(c.lines) > 0 {
			if err := take(c); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", first, err)
		}
	}
}

// lineReader returns lines without their ends, and counts the bytes.
type lineReader struct {
	*bufio.Reader
	read int64
}

// ready reports whether a whole line is there without waiting for it.
func (r *lineReader) ready() bool {
	there, _ := r.Peek(r.Buffered())
	return bytes.IndexByte(there, '\n') >= 0
}

// next returns a copy of the line. Of one that is too long it returns the beginning, which is too long for Decode as well,
// and skips the rest.
func (r *lineReader) next() ([]byte, error) {
	raw, err := r.ReadSlice('\n')
	r.read += int64(len(raw))
	line := bytes.Clone(raw)
	if errors.Is(err, bufio.ErrBufferFull) {
		line = line[:MaxLine+1]
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		raw, err = r.ReadSlice('\n')
		r.read += int64(len(raw))
	}
	if err != nil && !(errors.Is(err, io.EOF) && len(line) > 0) { // the last line may lack its end
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}
