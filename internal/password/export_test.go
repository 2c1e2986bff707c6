package password

import (
	"context"

	"latchkey/internal/argon2"
)

// Gate lets tests fill a hasher's gate and see who may still pass.
type Gate = gate

// NewGate returns a gate whose slots are as small as can be.
func NewGate(limit uint32) *Gate {
	return newGate(limit, argon2.Fastest(), Params{Memory: 8, Time: 1, Threads: 1})
}

func (g *gate) Run(ctx context.Context, memory uint32, compute func()) error {
	return g.run(ctx, memory, func(*slot) { compute() })
}

// Slots returns how many slots are idle, and how many KiB of memory idle slots, used slots and larger hashes take.
func (g *gate) Slots() (idle int, memory int64) {
	g.slots.mu.Lock()
	defer g.slots.mu.Unlock()
	return len(g.slots.idle), g.slots.made*g.slots.size + g.slots.own
}

// Clear reports whether idle slots were computed in and all hold nothing but zeros.
func (g *gate) Clear() bool {
	g.slots.mu.Lock()
	defer g.slots.mu.Unlock()
	used := false
	for _, s := range g.slots.idle {
		if s.memory == nil {
			continue
		}
		if used = true; !s.memory.IsClear() {
			return false
		}
	}
	return used
}

// Idle reports whether every turn is free.
func (g *gate) Idle() bool {
	idle := g.turns.TryAcquire(g.limit)
	if idle {
		g.turns.Release(g.limit)
	}
	return idle
}

func (h *Hasher) Gate() *Gate { return h.gate }
