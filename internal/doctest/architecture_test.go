package doctest_test

import (
	"slices"
	"strings"
	"testing"
)

// TestArchitectureNamesPackages promises that docs/architecture.md says what each package is for, and names no other folder. A
// folder that ends in "/" or "/…" stands for all below it.
func TestArchitectureNamesPackages(t *testing.T) {
	var rows []string
	for line := range strings.Lines(section(t, read(t, "docs/architecture.md"), "Where things are")) {
		if c := cells(strings.TrimSuffix(line, "\n")); len(c) == 2 && c[1] != "" {
			rows = append(rows, quoted(c[0])...)
		}
	}
	folders := []string{"events/x"} // not a package
	for _, p := range packages(t) {
		folders = append(folders, p.folder)
	}
	for _, folder := range folders {
		if !slices.ContainsFunc(rows, func(row string) bool { return covers(row, folder) }) {
			t.Errorf("no row for %s", folder)
		}
	}
	for _, row := range rows {
		if !slices.ContainsFunc(folders, func(folder string) bool { return covers(row, folder) }) {
			t.Errorf("there is no package %s", row)
		}
	}
}

func covers(row, folder string) bool {
	prefix, below := strings.CutSuffix(strings.TrimSuffix(row, "…"), "/")
	return folder == prefix || below && strings.HasPrefix(folder, prefix+"/")
}
