package doctest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestPlainWords promises that no comment, help text, error, page or description uses an expression of the list. With -v it
// prints the measure: expressions per thousand words of Go comments.
func TestPlainWords(t *testing.T) {
	var finders []finder
	for _, w := range words() {
		finders = append(finders, compile(w))
	}
	counts := map[string]int{}
	commentWords, commentHits := 0, 0
	for _, p := range allProse(t) {
		if p.comment {
			commentWords += len(strings.Fields(p.text))
		}
		for _, f := range finders {
			for _, found := range f.matches(p.text) {
				if counts[p.folder]++; p.comment {
					commentHits++
				}
				t.Errorf("%s:%d: %q; say: %s", p.file, p.line, found, f.say)
			}
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%4d in %s", counts[folder], folder)
	}
	t.Logf("%d expressions in %d words of comments: %.2f per 1,000", commentHits, commentWords, 1000*float64(commentHits)/float64(commentWords))
}
