package app

import (
	"fmt"
	"slices"
	"strings"
)

// UnknownSettings returns a warning for each variable of environ (NAME=value, as os.Environ returns them) that has our prefix and
// is not a setting, with the setting whose name is closest. Variables of our own tests are left out.
func UnknownSettings(environ []string) []string {
	var names, warnings []string
	for _, s := range Settings() {
		names = append(names, s.Name)
	}
	for _, variable := range environ {
		full, _, _ := strings.Cut(variable, "=")
		name, ours := strings.CutPrefix(full, Prefix)
		if !ours || slices.Contains(names, name) || strings.HasPrefix(name, "TEST_") || strings.HasPrefix(name, "ATTACK") {
			continue
		}
		closest := slices.MinFunc(names, func(a, b string) int { return distance(strings.ToUpper(name), a) - distance(strings.ToUpper(name), b) })
		hint := ""
		if distance(strings.ToUpper(name), closest) <= 1+len(name)/4 {
			hint = fmt.Sprintf("; did you mean %s%s?", Prefix, closest)
		}
		warnings = append(warnings, fmt.Sprintf("%s is not a setting and is ignored%s", full, hint))
	}
	slices.Sort(warnings)
	return warnings
}

// distance is the Levenshtein distance: the fewest insertions, deletions and replacements of bytes that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
