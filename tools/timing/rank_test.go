package main

import (
	"math"
	"testing"
	"time"
)

func sample(n int, value func(i int) int) []time.Duration {
	var s []time.Duration
	for i := range n {
		s = append(s, time.Duration(value(i)))
	}
	return s
}

// TestMannWhitney promises the results of SciPy 1.17.1's mannwhitneyu, method "asymptotic" without continuity correction.
func TestMannWhitney(t *testing.T) {
	from := func(start, step int) func(int) int { return func(i int) int { return start + i*step } }
	below := func(n int) func(int) int {
		return func(i int) int {
			if i < n {
				return 1
			}
			return 2
		}
	}
	for _, test := range []struct {
		name string
		a, b []time.Duration
		want float64
	}{
		{"apart", sample(30, from(0, 1)), sample(30, from(100, 1)), 2.87194907e-11},
		{"interleaved", sample(30, from(0, 2)), sample(30, from(1, 2)), 8.24495752e-01},
		{"shifted", sample(400, from(0, 1)), sample(400, from(20, 1)), 1.69972806e-02},
		{"ties", sample(30, below(20)), sample(30, below(12)), 4.00849397e-02},
		{"the same", sample(50, func(i int) int { return i % 7 }), sample(50, func(i int) int { return i % 7 }), 1},
		{"unequal sizes", sample(100, from(0, 1)), sample(40, from(5, 3)), 3.23267110e-02},
		{"all alike", sample(50, from(3, 0)), sample(50, from(3, 0)), 1},
	} {
		if got := mannWhitney(test.a, test.b); math.Abs(got-test.want) > 1e-6*test.want {
			t.Errorf("%s: p %.8e, want %.8e", test.name, got, test.want)
		}
	}
}

func TestMedian(t *testing.T) {
	for want, s := range map[time.Duration][]time.Duration{3: {9, 3, 1}, 4: {9, 3, 5, 1}, 7: {7}} {
		if got := median(s); got != want {
			t.Errorf("median of %v: %v, want %v", s, got, want)
		}
	}
}
