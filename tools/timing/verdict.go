package main

import (
	"fmt"
	"time"
)

// significant is the probability that some pair of a table is called different although none is.
const significant = 0.001

// table is what was measured with one server.
type table struct {
	title   string
	kinds   []*kind
	allowed time.Duration // the largest difference of two medians; negative: not compared
}

// print shows every pair with its p-value and the difference of the medians, and returns how many differ: by more than
// chance and by more than is allowed.
func (t table) print() (differ int) {
	fmt.Printf("\n%s: n = %d each, a difference of up to %s is allowed\n", t.title, len(t.kinds[0].times), max(t.allowed, 0))
	pairs := len(t.kinds) * (len(t.kinds) - 1) / 2 // Bonferroni
	for i, a := range t.kinds {
		fmt.Printf("  %-20s median %8.3f ms\n", a.name, float64(median(a.times))/float64(time.Millisecond))
		for _, b := range t.kinds[:i] {
			p, difference := mannWhitney(a.times, b.times), median(a.times)-median(b.times)
			verdict := ""
			if p < significant/float64(pairs) {
				verdict = "  more than chance"
				if difference.Abs() > t.allowed {
					verdict = "  DIFFERS"
					differ++
				}
			}
			fmt.Printf("    to %-20s %+8.1f µs  p %.3g%s\n", b.name, float64(difference)/float64(time.Microsecond), p, verdict)
		}
	}
	return differ
}
