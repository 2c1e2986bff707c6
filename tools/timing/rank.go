package main

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// mannWhitney returns the two-sided p-value of the hypothesis that neither sample tends to be larger, by the normal
// approximation with tie correction, which is accurate from about 20 values each (Mann and Whitney 1947). Ranks are robust
// against outliers, and a busy machine has many.
func mannWhitney(a, b []time.Duration) float64 {
	type value struct {
		time.Duration
		ofA bool
	}
	all := make([]value, 0, len(a)+len(b))
	for _, d := range a {
		all = append(all, value{d, true})
	}
	for _, d := range b {
		all = append(all, value{d, false})
	}
	slices.SortFunc(all, func(x, y value) int { return cmp.Compare(x.Duration, y.Duration) })

	var rankSum, ties float64
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].Duration == all[i].Duration {
			j++
		}
		rank, tied := float64(i+j+1)/2, float64(j-i) // ranks begin at 1, and equal values share their mean
		for _, v := range all[i:j] {
			if v.ofA {
				rankSum += rank
			}
		}
		ties += tied*tied*tied - tied
		i = j
	}
	na, nb := float64(len(a)), float64(len(b))
	n := na + nb
	u := rankSum - na*(na+1)/2
	variance := na * nb / 12 * (n + 1 - ties/(n*(n-1)))
	if variance == 0 { // all values are equal
		return 1
	}
	return math.Erfc(math.Abs(u-na*nb/2) / math.Sqrt(2*variance))
}

// median returns the median and does not change the sample.
func median(sample []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(sample))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
