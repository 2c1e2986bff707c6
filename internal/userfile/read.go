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

// How much is read and decoded together. A reader holds a few batches in memory, however long the file is.
const (
	maxBatch = 1 << 20 // bytes
	maxLines = 2000
)

// Batch is a run of consecutive lines of a file, without the blank ones.
type Batch struct {
	Lines []Line
	Last  int   // number of the last line, blank or not
	Read  int64 // bytes of the file up to the end of that line
}

// Line is one line of a file: its number, counted from 1, and its entry or the reason why there is none.
type Line struct {
	Number int
	Entry  Entry
	Err    error
}

// Read yields the lines of a file in order and decodes them on all processors. It ends with the error of reading or of
// ctx.
func Read(ctx context.Context, in io.Reader) iter.Seq2[Batch, error] {
	// From a pipe it yields the lines that have arrived, without waiting for more. If the file has another format,
	// every line has the same FormatError.
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

// chunk is a batch before decoding.
type chunk struct {
	first  int // number of the first line
	lines  [][]byte
	size   int
	read   int64
	format error // of the whole file, if it is not JSON Lines
}

func (c chunk) decode() Batch {
	b := Batch{Last: c.first + len(c.lines) - 1, Read: c.read}
	for i, raw := range c.lines {
		if len(raw) <= MaxLine && len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		entry, err := Entry{}, c.format
		if err == nil {
			entry, err = Decode(raw)
		}
		b.Lines = append(b.Lines, Line{Number: c.first + i, Entry: entry, Err: err})
	}
	return b
}

func readChunks(in io.Reader, take func(chunk) error) error {
	lines := lineReader{Reader: bufio.NewReaderSize(in, max(maxBatch, MaxLine+2))}
	var format error
	recognized := false
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
		for i := 0; i < len(c.lines) && !recognized; i++ {
			if recognized = len(bytes.TrimSpace(c.lines[i])) > 0; recognized {
				format = recognize(c.lines[i])
			}
		}
		c.format = format
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

// lineReader returns lines without their line breaks, and counts bytes.
type lineReader struct {
	*bufio.Reader
	read int64
}

// ready reports whether a whole line can be read without waiting.
func (r *lineReader) ready() bool {
	buffered, _ := r.Peek(r.Buffered())
	return bytes.IndexByte(buffered, '\n') >= 0
}

// next returns a copy of the line. If it is too long, next returns its beginning, which Decode refuses as too long, and skips the
// rest.
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
	if err != nil && !(errors.Is(err, io.EOF) && len(line) > 0) { // the last line may have no line break
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}
