package password

import (
	"context"
	"fmt"
	"runtime"
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
}

func newGate(limit uint32) *gate {
	share := int64(limit) / int64(runtime.GOMAXPROCS(0))
	return &gate{limit: int64(limit), share: share, turns: semaphore.NewWeighted(int64(limit))}
}

// run waits for a turn that takes memory KiB and computes in it. It fails where no turn comes in three quarters of the
// time that ctx has left, with nothing computed. What is over the limit waits to be the only one.
func (g *gate) run(ctx context.Context, memory uint32, compute func()) error {
	weight := min(max(int64(memory), g.share), g.limit)
	waiting, cancel := patience(ctx)
	defer cancel()
	if err := g.turns.Acquire(waiting, weight); err != nil {
		return fmt.Errorf("wait for a turn to hash: %w", err)
	}
	defer g.turns.Release(weight)
	compute()
	return nil
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
