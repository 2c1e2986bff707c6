package password_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"latchkey/internal/argon2"
	"latchkey/internal/password"
)

// reusing returns a hasher whose slots are of 1 MiB, on a machine where memory is reused.
func reusing(t *testing.T) *password.Hasher {
	t.Helper()
	if !argon2.Fastest().ReusesMemory() {
		t.Skip("this processor or build has only x/crypto's argon2, which allocates its own memory")
	}
	return password.New(password.Params{Memory: 1024, Time: 1, Threads: 1}, 4096)
}

// TestSlotsAreReusedAndClear promises that any number of hashes, of every outcome, leave at most one slot for each processor,
// and in it nothing of what they computed.
func TestSlotsAreReusedAndClear(t *testing.T) {
	setProcessors(t, 3)
	hasher := reusing(t)
	stored := []string{
		newHash(t, "argon2id:m=1024,t=1,p=1", "a"), newHash(t, "argon2id:m=64,t=2,p=2", "a"), "argon2" + newHash(t, "argon2id:m=512,t=1,p=1", "a"),
		newHash(t, "argon2id:m=2000,t=1,p=1", "a"), "", "broken", bcryptOfPassword,
	}
	var all sync.WaitGroup
	for i := range 70 {
		all.Go(func() {
			if _, _, err := hasher.Verify(t.Context(), stored[i%len(stored)], []string{"a", "b", "\x00"}[i%3]); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := hasher.Hash(t.Context(), "a"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if idle, memory := hasher.Gate().Slots(); idle > 3 || memory != int64(idle)*1024 {
		t.Errorf("%d idle slots and %d KiB in all", idle, memory)
	}
	if !hasher.Gate().Clear() {
		t.Error("an idle slot holds something, or was never computed in")
	}
}

// TestHashesInSlotsAllocateLittle promises it of every spelling of argon2 that fits, and of decoys.
func TestHashesInSlotsAllocateLittle(t *testing.T) {
	hasher := reusing(t)
	for name, stored := range map[string]string{
		"argon2id": newHash(t, "argon2id:m=1024,t=1,p=1", "a"), "Django": "argon2" + newHash(t, "argon2id:m=1024,t=1,p=1", "a"),
		"decoy": "", "broken": "!",
	} {
		matches(t, hasher, stored, "a") // makes the slot
		if got := measure(func() { matches(t, hasher, stored, "a") }); got.bytes > 64<<10 {
			t.Errorf("%s: %d bytes allocated", name, got.bytes)
		}
		if n := testing.AllocsPerRun(10, func() { matches(t, hasher, stored, "a") }); n > 40 {
			t.Errorf("%s: %.0f allocations", name, n)
		}
	}
}

// TestACanceledWaitLeaksNoSlot promises that callers who give up while they wait take nothing with them.
func TestACanceledWaitLeaksNoSlot(t *testing.T) {
	setProcessors(t, 1)
	hasher := reusing(t)
	synctest.Test(t, func(t *testing.T) {
		leave := occupy(t, hasher.Gate(), 4096)
		ctx, cancel := context.WithCancel(t.Context())
		var gaveUp sync.WaitGroup
		for range 5 {
			gaveUp.Go(func() {
				if _, err := hasher.Hash(ctx, "a"); err == nil {
					t.Error("hashed while another had all the memory")
				}
			})
		}
		synctest.Wait()
		cancel()
		gaveUp.Wait()
		leave()
	})
	if idle, memory := hasher.Gate().Slots(); idle != 0 || memory != 0 || !hasher.Gate().Idle() {
		t.Errorf("%d idle slots and %d KiB after callers gave up", idle, memory)
	}
}

// TestAPanicLeaksNoSlot promises that the slot is cleared and the turn over, whatever ends the computation.
func TestAPanicLeaksNoSlot(t *testing.T) {
	gate := password.NewGate(100)
	func() {
		defer func() { recover() }()
		gate.Run(t.Context(), 1, func() { panic("of a test") })
	}()
	if idle, _ := gate.Slots(); idle != 1 || !gate.Idle() {
		t.Errorf("%d idle slots, want the one that was used", idle)
	}
}

// TestLargerHashesDropIdleSlots promises that slots and larger hashes stay within the limit together, and that a larger hash
// leaves nothing allocated.
func TestLargerHashesDropIdleSlots(t *testing.T) {
	setProcessors(t, 4)
	hasher := reusing(t) // 4 slots of 1 MiB are all of its limit
	large := newHash(t, "argon2id:m=3000,t=1,p=1", "a")
	synctest.Test(t, func(t *testing.T) {
		var leave []func()
		for range 4 {
			leave = append(leave, occupy(t, hasher.Gate(), 1))
		}
		for _, f := range leave {
			f()
		}
		if idle, memory := hasher.Gate().Slots(); idle != 4 || memory != 4096 {
			t.Errorf("%d idle slots and %d KiB, want 4 and 4096", idle, memory)
		}
		leaveLarge := occupy(t, hasher.Gate(), 3000)
		if idle, memory := hasher.Gate().Slots(); idle != 1 || memory != 4024 {
			t.Errorf("%d idle slots and %d KiB while a hash takes 3000, want 1 and 4024", idle, memory)
		}
		leaveLarge()
	})
	if !matches(t, hasher, large, "a") {
		t.Error("the right password does not match")
	}
	if idle, memory := hasher.Gate().Slots(); idle != 1 || memory != 1024 {
		t.Errorf("%d idle slots and %d KiB afterwards, want 1 and 1024", idle, memory)
	}
}

// TestLargerHashesAreFreed promises that the garbage collector gets their memory back.
func TestLargerHashesAreFreed(t *testing.T) {
	hasher := reusing(t)
	large := newHash(t, "argon2id:m=32768,t=1,p=1", "a")
	inUse := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := inUse()
	for range 3 {
		matches(t, hasher, large, "a")
	}
	if after := inUse(); after > before+2<<20 {
		t.Errorf("%d bytes more are in use after hashes of 32 MiB", after-before)
	}
	runtime.KeepAlive(hasher)
}

func TestRetained(t *testing.T) {
	setProcessors(t, 2)
	if got := reusing(t).Retained(); got != 2048 {
		t.Errorf("%d KiB, want two slots of 1024", got)
	}
	if h := password.NewWith(password.XCrypto, password.Default(), 0); h.Retained() != 0 || h.Implementation() != "x/crypto" {
		t.Errorf("%s retains %d KiB, want x/crypto and none", h.Implementation(), h.Retained())
	}
}
