package userfile_test

import (
	"os"
	"strings"
	"testing"

	"latchkey/internal/password"
	"latchkey/internal/userfile"
)

// TestDocumentedHashes promises that the lines in docs/hashes.md can be imported as printed and match the page's password.
func TestDocumentedHashes(t *testing.T) {
	text, err := os.ReadFile("../../docs/hashes.md")
	if err != nil {
		t.Fatal(err)
	}
	hasher := password.New(password.Default(), 0)
	documented := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, `{"email":`) {
			continue
		}
		documented++
		entry, err := userfile.Decode([]byte(line))
		if err != nil {
			t.Errorf("%.40s: %v", line, err)
			continue
		}
		match, outdated, err := hasher.Verify(t.Context(), entry.User.PasswordHash, "correct horse battery staple")
		if !match || !outdated || err != nil {
			t.Errorf("%s: match %v, outdated %v, %v", entry.User.Email, match, outdated, err)
		}
	}
	if documented != 40 {
		t.Errorf("%d lines are documented, want 40", documented)
	}
}
