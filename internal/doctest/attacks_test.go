package doctest_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestAttacksPage promises that docs/attacks.md covers every attack that `make attack` runs, and that the tests and files it
// names exist.
func TestAttacksPage(t *testing.T) {
	page := read(t, "docs/attacks.md")
	known := map[string]bool{}
	for _, folder := range []string{"cmd/latchkey", "internal/app", "internal/password", "internal/token"} {
		for name := range tests(t, folder) {
			known[name] = true
		}
	}
	named := quoted(page)
	for _, name := range named {
		if strings.HasPrefix(name, "Test") && !known[name] {
			t.Errorf("no test %s", name)
		}
	}
	for name := range tests(t, "cmd/latchkey") {
		if strings.HasPrefix(name, "TestAttack") && !slices.Contains(named, name) {
			t.Errorf("the page says nothing of %s", name)
		}
	}
	for _, name := range files(page) {
		if _, err := os.Stat(root + name); err != nil {
			t.Error(err)
		}
	}
}
