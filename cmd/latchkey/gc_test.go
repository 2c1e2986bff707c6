package main

import (
	"math"
	"runtime/debug"
	"testing"
)

// TestLetGarbageWait promises a bound on the memory that waits, and that Go's own variables go first.
func TestLetGarbageWait(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	for _, set := range []string{"GOGC", "GOMEMLIMIT"} {
		relaxGC(1<<10, func(name string) string { return map[string]string{set: "50"}[name] })
		if got := debug.SetMemoryLimit(-1); got != math.MaxInt64 {
			t.Errorf("%s is set, and the limit became %d", set, got)
		}
	}
	relaxGC(1<<10, func(string) string { return "" })
	if got := debug.SetMemoryLimit(-1); got != 2<<20 {
		t.Errorf("the limit is %d bytes, want 2 MiB for 1 MiB of hashing", got)
	}
	if got := debug.SetGCPercent(100); got != garbagePercent {
		t.Errorf("the collector runs at %d %%, want %d", got, garbagePercent)
	}
}
