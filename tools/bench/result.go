package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// result is one line of the report.
type result struct {
	name       string
	ours, bare string
	ratio      sample // ours to bare
	value      float64
	goal       goal // of value; zero: none
}

// goal is a bound, from above or from below.
type goal struct {
	least, most float64
	unit        string
}

// compare returns the result of alternating turns; its value is the ratio, turn by turn.
func compare(name string, show func(float64) string, ours, bare sample, g goal) result {
	var ratios sample
	for i := range ours {
		ratios = append(ratios, ours[i]/bare[i])
	}
	return result{name: name, ours: show(ours.median()), bare: show(bare.median()), ratio: ratios, value: ratios.median(), goal: g}
}

func (r result) met() bool {
	return r.value >= r.goal.least && (r.goal.most == 0 || r.value <= r.goal.most)
}

// String returns the line of the report.
func (r result) String() string {
	verdict := ""
	switch {
	case r.goal.most > 0:
		verdict = fmt.Sprintf("goal: at most %.3g%s", r.goal.most, r.goal.unit)
	case r.goal.least > 0:
		verdict = fmt.Sprintf("goal: at least %.3g%s", r.goal.least, r.goal.unit)
	}
	if !r.met() {
		verdict += ", MISSED"
	}
	return strings.TrimRight(row(r.name, r.ours, r.bare, r.ratio.String(), verdict), " ")
}

func heading() string { return row("", "latchkey", "bare", "ratio (middle half)", "") }

func row(name, ours, bare, ratio, verdict string) string {
	return fmt.Sprintf("%-41s %10s %10s   %-24s %s", name, ours, bare, ratio, verdict)
}

// sample is the same thing measured several times.
type sample []float64

// quantile returns the value below which this share of the sample lies; 0.5 is the median.
func (s sample) quantile(part float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[int(part*float64(len(sorted)-1)+0.5)]
}

func (s sample) median() float64 { return s.quantile(0.5) }

// String returns the median and, if there is more than one value, the middle half of the sample.
func (s sample) String() string {
	switch len(s) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%.3g x", s[0])
	}
	return fmt.Sprintf("%.3g x (%.3g to %.3g)", s.median(), s.quantile(0.25), s.quantile(0.75))
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func milliseconds(ms float64) string { return fmt.Sprintf("%.3f ms", ms) }
