package main

import "runtime/debug"

// bulkMemory is what reading and writing many users may grow to twice of, in KiB.
const bulkMemory = 64 << 10

// garbagePercent is how much garbage there may be for what a server has in use without slots for hashing, about
// serverMemory, where Go's default is 100: a server with small hashes still fits into 40 MiB.
const (
	garbagePercent = 300
	serverMemory   = 5 << 10 // KiB
)

// relaxGC makes the garbage collector run less often, in a process that works with that many KiB and retains some of them.
// Lines of users, and hashes where Go's library allocates their memory, are garbage soon: by default every second sign-in
// would wait for a collection, a twentieth of its processor time. Instead the process may grow to twice what it works with.
// Retained memory allows no more garbage than there would be without it. Go's own variables, if set, decide.
func relaxGC(working, retained uint32, getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(max(1, int(garbagePercent*serverMemory/(serverMemory+uint64(retained)))))
	debug.SetMemoryLimit(2 * int64(working) << 10)
}
