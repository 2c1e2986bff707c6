package pages_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"strings"
	"testing"

	pages "latchkey/web"
)

// TestVendored promises that the renderer is byte for byte what its npm package has, as docs/refresh recorded it, and that
// its licence is with ours.
func TestVendored(t *testing.T) {
	record, err := os.ReadFile("docs/VENDORED")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(record)), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "swagger-ui-dist 5.") || !strings.HasPrefix(lines[1], "sha512-") {
		t.Fatalf("the record is %q", lines)
	}
	for _, line := range lines[2:] {
		want, name, _ := strings.Cut(line, "  ")
		content, err := fs.ReadFile(pages.Docs(), "docs/"+name)
		if sum := sha256.Sum256(content); err != nil || hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not what the package has: run web/docs/refresh; %v", name, err)
		}
	}
	license, err := os.ReadFile("../licenses/swagger-ui.txt")
	if err != nil || !strings.Contains(string(license), "Apache License") {
		t.Errorf("the licence: %v", err)
	}
}
