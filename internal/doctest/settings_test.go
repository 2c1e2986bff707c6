package doctest_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/app"
)

// TestSettingsPage promises that docs/settings.md has exactly one row for each setting, with the default that the code has and
// with every word that the setting allows.
func TestSettingsPage(t *testing.T) {
	rows := map[string][]string{}
	for line := range strings.Lines(read(t, "docs/settings.md")) {
		c := cells(strings.TrimSuffix(line, "\n"))
		if len(c) != 3 || !strings.HasPrefix(c[0], "`") || strings.HasPrefix(c[0], "`--") {
			continue
		}
		for _, name := range quoted(c[0]) {
			if rows[name] != nil {
				t.Errorf("%s has two rows", name)
			}
			rows[name] = c
		}
	}
	for _, s := range app.Settings() {
		row := rows[s.Name]
		delete(rows, s.Name)
		if row == nil {
			t.Errorf("%s has no row", s.Name)
			continue
		}
		if want := cmp.Or(s.OnLaptop, s.Default); want != "" && !slices.Equal(quoted(row[1]), []string{want}) {
			t.Errorf("%s: the page says the default is %s, the code says %q", s.Name, row[1], want)
		}
		for _, word := range s.Words {
			if !s.Bool && word != s.Default && !slices.Contains(quoted(row[2]), word) {
				t.Errorf("%s: the page does not name the value %s", s.Name, word)
			}
		}
	}
	for name := range rows {
		t.Errorf("%s is not a setting", name)
	}
}
