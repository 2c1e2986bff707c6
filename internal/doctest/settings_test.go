package doctest_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/internal/app"
)

// TestSettingsPage promises that docs/settings.md has exactly one row for each setting, with the default that the code has.
func TestSettingsPage(t *testing.T) {
	defaults := map[string]string{}
	for line := range strings.Lines(read(t, "docs/settings.md")) {
		c := cells(strings.TrimSuffix(line, "\n"))
		if len(c) != 3 || !strings.HasPrefix(c[0], "`") || strings.HasPrefix(c[0], "`--") {
			continue
		}
		for _, name := range quoted(c[0]) {
			if _, twice := defaults[name]; twice {
				t.Errorf("%s has two rows", name)
			}
			defaults[name] = c[1]
		}
	}
	for _, s := range app.Settings() {
		cell, found := defaults[s.Name]
		switch {
		case !found:
			t.Errorf("%s has no row", s.Name)
		case s.Default != "" && !slices.Equal(quoted(cell), []string{s.Default}):
			t.Errorf("%s: the page says the default is %s, the code says %q", s.Name, cell, s.Default)
		}
		delete(defaults, s.Name)
	}
	for name := range defaults {
		t.Errorf("%s is no setting", name)
	}
}
