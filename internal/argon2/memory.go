package argon2

// Memory is what hashes are computed in, one after the other: a hash must not begin before the last one has returned.
// It holds what the last hash left until Clear is called.
type Memory struct {
	blocks []block
	lanes  []lane
	used   int // blocks that a hash has written since Clear
}

// block is the unit of argon2's memory, 1 KiB.
type block [128]uint64

// NewMemory returns memory for hashes of up to that many KiB, with zeros.
func NewMemory(kib uint32) *Memory { return &Memory{blocks: make([]block, kib)} }

// Clear overwrites with zeros all that hashes have written.
func (m *Memory) Clear() {
	clear(m.blocks[:m.used])
	clear(m.lanes)
	m.used = 0
}

// IsClear reports whether nothing but zeros is left in memory.
func (m *Memory) IsClear() bool {
	for i := range m.blocks {
		if m.blocks[i] != (block{}) {
			return false
		}
	}
	for i := range m.lanes {
		if m.lanes[i] != (lane{}) {
			return false
		}
	}
	return true
}
