package userfile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/userfile"
)

func pending(n int) string {
	return fmt.Sprintf(`{"id":"u%d","email":"u%[1]d@example.com","status":"pending"}`, n)
}

// TestRead promises every line once, in order and with its number, however the bytes arrive, and the count of bytes.
func TestRead(t *testing.T) {
	const lines = 5000
	var file strings.Builder
	want := map[int]string{}
	file.WriteString("\ufeff")
	for i := 1; i <= lines; i++ {
		switch {
		case i%100 == 0:
			fmt.Fprint(&file, " \n")
		case i%101 == 0:
			fmt.Fprint(&file, strings.Repeat("x", userfile.MaxLine+i), "\n")
			want[i] = "the line is over 389120 bytes"
		case i%103 == 0:
			fmt.Fprint(&file, pending(i)[:20], "\r\n")
			want[i] = "not valid JSON in UTF-8, or more than one value"
		default:
			fmt.Fprint(&file, pending(i), "\r\n")
			want[i] = fmt.Sprint("u", i)
		}
	}
	text := strings.TrimSuffix(file.String(), "\r\n")
	for name, in := range map[string]io.Reader{
		"at once": strings.NewReader(text), "in halves": iotest.HalfReader(strings.NewReader(text)),
		"with the end": iotest.DataErrReader(strings.NewReader(text)),
	} {
		got, before := map[int]string{}, 0
		var last userfile.Batch
		for batch, err := range userfile.Read(t.Context(), in) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, line := range batch.Lines {
				if line.Number <= before {
					t.Fatalf("%s: line %d after %d", name, line.Number, before)
				}
				before, got[line.Number] = line.Number, line.Entry.User.ID
				if line.Err != nil {
					got[line.Number] = line.Err.Error()
				}
			}
			last = batch
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: differs (-want +got):\n%s", name, d)
		}
		if last.Read != int64(len(text)) || last.Last != lines {
			t.Errorf("%s: ends with line %d and %d bytes, want %d and %d", name, last.Last, last.Read, lines, len(text))
		}
	}
}

// TestReadDoesNotWait promises that a line from a pipe is yielded before the next one arrives.
func TestReadDoesNotWait(t *testing.T) {
	out, in := io.Pipe()
	n := 0
	go fmt.Fprintln(in, pending(1))
	for batch, err := range userfile.Read(t.Context(), out) {
		if n++; err != nil || len(batch.Lines) != 1 || batch.Lines[0].Number != n {
			t.Fatalf("%+v, %v", batch, err)
		}
		if n == 3 {
			break
		}
		go fmt.Fprintln(in, pending(n))
	}
}

// TestReadEnds promises that a broken source ends reading with an error, after the lines before it, and that the caller and the
// context can end it at any time.
func TestReadEnds(t *testing.T) {
	broken := errors.New("the pipe broke")
	in := io.MultiReader(strings.NewReader(pending(1)+"\n"+pending(2)), iotest.ErrReader(broken))
	lines := 0
	var got error
	for batch, err := range userfile.Read(t.Context(), in) {
		lines, got = lines+len(batch.Lines), err
	}
	if lines != 1 || !errors.Is(got, broken) || !strings.Contains(got.Error(), "line 2") {
		t.Errorf("%d lines, %v", lines, got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got = nil
	for _, err := range userfile.Read(ctx, endless{}) {
		cancel()
		got = err
	}
	if !errors.Is(got, context.Canceled) {
		t.Errorf("after cancel: %v", got)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, pending(1)+"\n"), nil }
