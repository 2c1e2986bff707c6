package userfile_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"latchkey/internal/userfile"
)

// TestAddresses promises an address or a reason for each line with text, under the line's number.
func TestAddresses(t *testing.T) {
	file := "\ufeffAda@Example.com\r\n" +
		"\n" +
		`{"email":"joan@example.com","status":"pending","activate":true}` + "\n" +
		"ada@example.com, grace@example.com\n" +
		"Ada <ada@example.com>\n" +
		`{"email":"joan@example.com"` + "\n" +
		strings.Repeat("a", userfile.MaxLine+1) + "@example.com\n" +
		"  jürgen@Bücher.example \t\n" +
		"ada@example.com\x00\n" +
		"last@example.com"
	want := []struct {
		number int
		text   string // empty: refused
	}{
		{1, "ada@example.com"}, {3, "joan@example.com"}, {4, ""}, {5, ""}, {6, ""}, {7, ""}, {8, "jürgen@xn--bcher-kva.example"}, {9, ""}, {10, "last@example.com"},
	}
	n, last := 0, int64(0)
	for a, err := range userfile.Addresses(strings.NewReader(file)) {
		if err != nil {
			t.Fatal(err)
		}
		if n >= len(want) || a.Number != want[n].number || a.Identifier.String() != want[n].text || (a.Err == nil) != (want[n].text != "") || a.Read <= last {
			t.Errorf("%d: %+v", n, a)
		}
		n, last = n+1, a.Read
	}
	if n != len(want) || last != int64(len(file)) {
		t.Errorf("%d lines, %d bytes", n, last)
	}
	broken := io.MultiReader(strings.NewReader("ada@example.com\n"), iotest.ErrReader(errors.New("cable cut")))
	var failed error
	for _, err := range userfile.Addresses(broken) {
		failed = err
	}
	if failed == nil || !strings.Contains(failed.Error(), "line 2: cable cut") {
		t.Errorf("error %v", failed)
	}
}
