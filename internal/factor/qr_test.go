package factor_test

import (
	"encoding/xml"
	"os"
	"strings"
	"testing"

	"latchkey/internal/factor"
)

// TestQR promises an image without scripts, links or anything from outside, in a size that an answer may have, and always
// the same one. zbarimg reads testdata/ada.svg as the URI that it was made from.
func TestQR(t *testing.T) {
	svg, err := factor.QR(rfcSeed.URI("login.example.com", "ada@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/ada.svg")
	if err != nil || svg != string(want) {
		t.Errorf("testdata/ada.svg differs from what is drawn now (error %v):\n%s", err, svg)
	}
	if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
		t.Errorf("no XML: %v", err)
	}
	if len(svg) > 32<<10 || strings.Contains(svg, "<script") || strings.Count(svg, "http") != 1 {
		t.Errorf("%d bytes:\n%.200s", len(svg), svg)
	}
}

// TestQRTooLong promises an error, not half a code.
func TestQRTooLong(t *testing.T) {
	if svg, err := factor.QR(strings.Repeat("x", 3000)); err == nil {
		t.Errorf("drawn in %d bytes", len(svg))
	}
}
