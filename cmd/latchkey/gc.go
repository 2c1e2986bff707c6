package main

import "runtime/debug"

// bulkMemory is what reading and writing many users may grow to twice of, in KiB.
const bulkMemory = 64 << 10

// garbagePercent of what is in use may be garbage, where Go has 100: a server that only has small hashes to make still
// fits into 40 MiB.
const garbagePercent = 300

// relaxGC makes the garbage collector run less often. A hash leaves its memory, 19 MiB by default, behind, and as
// Go has it every second sign-in would wait for a collection, a twentieth of its processor time; lines of users live as
// briefly. Instead the process may grow to twice what it works with, in KiB. Whoever set Go's own variables decides.
func relaxGC(working uint32, getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(garbagePercent)
	debug.SetMemoryLimit(2 * int64(working) << 10)
}
