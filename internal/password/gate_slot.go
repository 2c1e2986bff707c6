package password

import (
	"slices"
	"sync"

	"latchkey/internal/argon2"
)

// slot is what one turn computes argon2 in.
type slot struct {
	implementation argon2.Implementation
	size           int64          // KiB
	memory         *argon2.Memory // nil before the first hash
	own            bool           // made for one hash, and dropped after it
}

// key computes argon2id or argon2i in the slot's memory.
func (s *slot) key(a argon2Hash, password string) []byte {
	if s.memory == nil && s.implementation.ReusesMemory() {
		s.memory = argon2.NewMemory(uint32(s.size))
	}
	derive := s.implementation.IDKey
	if a.independent {
		derive = s.implementation.Key
	}
	c := a.cost
	return derive(s.memory, []byte(password), a.salt, c.Time, c.Memory, c.Threads, uint32(len(a.digest)))
}

// slots keep the memory of new hashes, so that a hash costs no page faults and leaves nothing to the garbage collector. There
// are at most as many as turns at one time, one for each processor. They stay within the limit together with the memory of
// larger hashes: those drop idle slots, which are made again later.
type slots struct {
	implementation argon2.Implementation
	size, limit    int64 // KiB

	mu   sync.Mutex
	idle []*slot
	made int64 // slots that are idle or in use
	own  int64 // KiB of hashes too large for a slot
}

// take returns a slot for a hash of that many KiB, with nothing but zeros in it.
func (s *slots) take(memory int64) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if memory > s.size {
		s.own += memory
		for len(s.idle) > 0 && s.made*s.size+s.own > s.limit {
			s.pop()
			s.made--
		}
		return &slot{implementation: s.implementation, size: memory, own: true}
	}
	if len(s.idle) > 0 {
		return s.pop()
	}
	s.made++
	return &slot{implementation: s.implementation, size: s.size}
}

func (s *slots) pop() *slot {
	last := s.idle[len(s.idle)-1]
	s.idle = slices.Delete(s.idle, len(s.idle)-1, len(s.idle))
	return last
}

// giveBack clears the slot, so that it does not hold what was computed in it, and keeps or drops it.
func (s *slots) giveBack(used *slot) {
	if used.memory != nil {
		used.memory.Clear()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if used.own {
		s.own -= used.size
		return
	}
	s.idle = append(s.idle, used)
}
