package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestCompareClasses promises that unknown users who cost the same as users do not differ, and that other shares and other
// times do.
func TestCompareClasses(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) // fixed: with a random seed, one run in hundreds would differ by chance
	times := func(around ...int) (times []time.Duration) {
		for i := range 400 {
			ms := around[i%len(around)]
			times = append(times, time.Duration(ms)*time.Millisecond+time.Duration(random.IntN(ms*100))*time.Microsecond)
		}
		return times
	}
	users := [classes][]time.Duration{cheap: times(1)[:240], fresh: times(40)[:40], costly: times(120)[:120]}
	for name, tc := range map[string]struct {
		strangers []time.Duration
		differ    bool
	}{
		"alike":        {times(1, 1, 1, 1, 1, 1, 40, 120, 120, 120), false},
		"other shares": {times(1, 1, 1, 40, 40, 40, 120, 120, 120, 120), true},
		"more cheap":   {times(1, 1, 1, 1, 1, 1, 1, 1, 40, 120), true},
		"dearer":       {times(1, 1, 1, 1, 1, 1, 40, 150, 150, 150), true},
	} {
		tables, err := compareClasses(users, tc.strangers)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		differ := 0
		for _, table := range tables {
			differ += table.print()
		}
		if (differ > 0) != tc.differ {
			t.Errorf("%s: %d pairs differ", name, differ)
		}
	}
	if _, err := compareClasses(users, times(40)); err == nil {
		t.Error("unknown users who all cost a new hash are compared with users of other classes")
	}
}
