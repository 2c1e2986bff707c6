package main

import "runtime/debug"

// bulkMemory is what reading and writing many users may grow to twice of, in KiB.
const bulkMemory = 64 << 10

// letGarbageWait makes the garbage collector run less often. A hash leaves its memory, 19 MiB by default, behind, and as
// Go has it every second sign-in would wait for a collection, a twentieth of its processor time; lines of users live as
// briefly. Instead the process may grow to twice what it works with, in KiB. Whoever set Go's own variables decides.
func letGarbageWait(working uint32, getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(2 * int64(working) << 10)
}
