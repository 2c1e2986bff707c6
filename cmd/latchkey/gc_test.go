package main

import (
	"math"
	"runtime/debug"
	"testing"
)

// TestRelaxGC promises a bound on the memory that waits, and that Go's own variables go first.
func TestRelaxGC(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	for _, set := range []string{"GOGC", "GOMEMLIMIT"} {
		relaxGC(1<<10, 0, func(name string) string { return map[string]string{set: "50"}[name] })
		if got := debug.SetMemoryLimit(-1); got != math.MaxInt64 {
			t.Errorf("%s is set, and the limit became %d", set, got)
		}
	}
	relaxGC(1<<10, 0, func(string) string { return "" })
	if got := debug.SetMemoryLimit(-1); got != 2<<20 {
		t.Errorf("the limit is %d bytes, want 2 MiB for 1 MiB of hashing", got)
	}
	if got := debug.SetGCPercent(100); got != garbagePercent {
		t.Errorf("the collector runs at %d %%, want %d", got, garbagePercent)
	}
	relaxGC(1<<20, 3*serverMemory, func(string) string { return "" })
	if got := debug.SetGCPercent(100); got != garbagePercent/4 {
		t.Errorf("with three times as much retained the collector runs at %d %%, want a quarter of %d", got, garbagePercent)
	}
}
