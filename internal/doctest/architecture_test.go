package doctest_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// TestContributingNamesTargets promises that CONTRIBUTING.md lists every target of the Makefile that has a help text, and no other.
func TestContributingNamesTargets(t *testing.T) {
	var made, listed []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):.*##`).FindAllStringSubmatch(read(t, "Makefile"), -1) {
		made = append(made, "make "+m[1])
	}
	for line := range strings.Lines(section(t, read(t, "CONTRIBUTING.md"), "Commands")) {
		if c := cells(strings.TrimSuffix(line, "\n")); len(c) == 2 {
			listed = append(listed, quoted(c[0])...)
		}
	}
	slices.Sort(made)
	slices.Sort(listed)
	if d := cmp.Diff(made, listed); d != "" {
		t.Errorf("the targets differ (-Makefile +CONTRIBUTING.md):\n%s", d)
	}
}
