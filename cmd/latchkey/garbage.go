package main

import "runtime/debug"

// letGarbageWait makes the garbage collector run less often. A hash leaves its memory, 19 MiB by default, behind, and as
// Go has it every second sign-in would wait for a collection, a twentieth of its processor time. Instead the process may
// grow to twice the memory for hashing, in KiB. Whoever set Go's own variables decides.
func letGarbageWait(hashing uint32, getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(2 * int64(hashing) << 10)
}
