package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// usual is the number of lines that a package should not exceed; some that cannot be split well do.
const usual = 800

type report []pkg

func (all report) broken() (problems []string) {
	for _, p := range all {
		problems = append(problems, p.problems...)
	}
	return problems
}

// unexplained names the packages over the usual size that the page does not give a reason for.
func (all report) unexplained(page string) (problems []string) {
	_, reasons, _ := strings.Cut(page, "\n## Packages over ")
	for _, p := range all {
		if p.lines() > usual && !strings.Contains(reasons, "`"+p.path+"`") {
			problems = append(problems, fmt.Sprintf("%s: %d lines, and docs/architecture.md does not say why it is one package", p.path, p.lines()))
		}
	}
	return problems
}

// print writes the size of the code, and names the packages over the usual size.
func (all report) print(out io.Writer) {
	var functions, files []int
	var lines, tests int
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range all {
		functions = append(functions, p.functions...)
		for _, n := range p.files {
			files = append(files, n)
		}
		lines, tests = lines+p.lines(), tests+p.tests
		if p.lines() > usual {
			fmt.Fprintf(table, "  %s\t%d lines\t%d of tests\n", p.path, p.lines(), p.tests)
		}
	}
	fmt.Fprintf(out, "%d packages, %d lines, %d of tests\n", len(all), lines, tests)
	fmt.Fprintf(out, "functions: half have at most %d lines, nine in ten %d, the longest %d\n",
		quantile(functions, 0.5), quantile(functions, 0.9), quantile(functions, 1))
	fmt.Fprintf(out, "files: half have at most %d lines, the longest %d\n", quantile(files, 0.5), quantile(files, 1))
	fmt.Fprintf(out, "packages of more than %d lines:\n", usual)
	table.Flush()
}

// quantile returns the size that this share of the sizes does not exceed.
func quantile(sizes []int, part float64) int {
	if len(sizes) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(sizes))[int(part*float64(len(sizes)-1))]
}
