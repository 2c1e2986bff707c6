package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"latchkey/internal/argon2"
)

// DefaultLimit returns the memory for concurrent hashing in KiB: a new hash on each processor, and at least the largest
// hash that is accepted (256 MiB). The garbage collector may keep about as much again for a while.
func DefaultLimit(target Params) uint32 {
	return max(maxMemory, uint32(runtime.GOMAXPROCS(0))*target.Memory)
}

// gate admits hashes, first come first served, while there is memory for them, and hands out that memory as slots. A turn
// weighs at least one processor's share of the limit, so that no more hashes run than there are processors: more would not
// finish earlier, but all of them later.
type gate struct {
	limit, share int64 // KiB
	turns        *semaphore.Weighted
	slots        slots

	mu      sync.Mutex
	present int64 // KiB of the hashes that wait or run
	// The time of the quickest of the last recentTurns, because the others were slowed down by something, and of the turns since.
	// Until there were that many it is zero, and no caller is turned away.
	least, coming time.Duration
	turnsSince    int
}

// newGate returns a gate whose slots have memory for the hashes of one target.
func newGate(limit uint32, implementation argon2.Implementation, target Params) *gate {
	g := &gate{limit: int64(limit), turns: semaphore.NewWeighted(int64(limit))}
	g.slots = slots{implementation: implementation, size: int64(target.Memory), limit: g.limit}
	g.share = max(g.limit/int64(runtime.GOMAXPROCS(0)), min(g.slots.size, g.limit))
	return g
}

// errCrowded is for callers whose turn would come too late.
var errCrowded = errors.New("too many callers are waiting")

// run waits for a turn with that many KiB of memory and computes in its slot. It computes nothing and fails if no turn comes
// in three quarters of the time that ctx has left, and at once if none can be expected to. A hash over the limit waits until
// it is the only one.
func (g *gate) run(ctx context.Context, memory uint32, compute func(*slot)) error {
	weight := min(max(int64(memory), g.share), g.limit)
	waiting, cancel := queueDeadline(ctx)
	defer cancel()
	wait := g.enter(weight)
	defer g.leave(weight)
	if deadline, limited := waiting.Deadline(); limited && time.Until(deadline) < wait {
		return fmt.Errorf("wait for a turn to hash: %w", errCrowded)
	}
	if err := g.turns.Acquire(waiting, weight); err != nil {
		return fmt.Errorf("wait for a turn to hash: %w", err)
	}
	defer g.turns.Release(weight)
	s := g.slots.take(int64(memory))
	defer g.slots.giveBack(s)
	began := time.Now()
	compute(s)
	g.took(time.Since(began))
	return nil
}

// enter counts a caller and returns a lower bound on its wait: from the callers before it and the quickest of the recent turns.
func (g *gate) enter(weight int64) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	rounds := g.present / g.limit
	g.present += weight
	return time.Duration(rounds) * g.least
}

func (g *gate) leave(weight int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.present -= weight
}

// recentTurns is the number of turns among which the quickest is looked for.
const recentTurns = 64

func (g *gate) took(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.coming == 0 || d < g.coming {
		g.coming = d
	}
	if g.turnsSince++; g.turnsSince == recentTurns {
		g.least, g.coming, g.turnsSince = g.coming, 0, 0
	}
	if d < g.least {
		g.least = d
	}
}

// queueDeadline keeps a quarter of the time for the hash and the answer. Without it every caller under overload would start
// just before its deadline, and all the hashing would come too late.
func queueDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/4))
}
