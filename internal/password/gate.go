package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// DefaultLimit returns, in KiB, the memory for hashing at one time: a new hash on each processor, and no less than
// the largest hash that is accepted (256 MiB). The garbage collector may keep about as much again for a while.
func DefaultLimit(target Params) uint32 {
	return max(maxMemory, uint32(runtime.GOMAXPROCS(0))*target.Memory)
}

// gate lets hashing begin, first come first served, while there is memory for it. Every turn weighs at least one
// processor's share of the memory, so that no more hashes run than there are processors: more would not finish
// sooner, but all of them later.
type gate struct {
	limit, share int64 // KiB
	turns        *semaphore.Weighted

	mu      sync.Mutex
	present int64 // KiB of those who wait or hash
	// What the quickest of the last turns took, for the others were in somebody's way, and of those since. It is zero, and
	// nobody is sent away, until there were some.
	least, coming time.Duration
	turnsSince    int
}

func newGate(limit uint32) *gate {
	share := int64(limit) / int64(runtime.GOMAXPROCS(0))
	return &gate{limit: int64(limit), share: share, turns: semaphore.NewWeighted(int64(limit))}
}

// errCrowded is for those whose turn would come too late.
var errCrowded = errors.New("too many are before it")

// run waits for a turn that takes memory KiB and computes in it. It fails with nothing computed where no turn comes in three
// quarters of the time that ctx has left, and at once where none can be expected to. What is over the limit waits to be
// the only one.
func (g *gate) run(ctx context.Context, memory uint32, compute func()) error {
	weight := min(max(int64(memory), g.share), g.limit)
	waiting, cancel := patience(ctx)
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
	began := time.Now()
	compute()
	g.took(time.Since(began))
	return nil
}

// enter returns how long a turn is away at the least, by those who are before it and what the quickest turns took lately.
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

// lately is how many turns are.
const lately = 64

func (g *gate) took(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.coming == 0 || d < g.coming {
		g.coming = d
	}
	if g.turnsSince++; g.turnsSince == lately {
		g.least, g.coming, g.turnsSince = g.coming, 0, 0
	}
	if d < g.least {
		g.least = d
	}
}

// patience ends early enough for the hash and what comes after it. Else, under more load than there are processors for,
// everyone would come to their turn just before their time is over, and all the hashing would be in vain.
func patience(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/4))
}
