package password

import "context"

// Gate lets tests fill a hasher's gate and see who may still pass.
type Gate = gate

var NewGate = newGate

func (g *gate) Run(ctx context.Context, memory uint32, compute func()) error {
	return g.run(ctx, memory, compute)
}

// Idle reports whether nobody has a turn.
func (g *gate) Idle() bool {
	idle := g.turns.TryAcquire(g.limit)
	if idle {
		g.turns.Release(g.limit)
	}
	return idle
}

func (h *Hasher) Gate() *Gate { return h.gate }
