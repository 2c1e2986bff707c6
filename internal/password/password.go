// Package password verifies hashes of many schemes and makes hashes of one, argon2id. All hashing goes through it, so that one
// place decides costs, memory and timing. It treats stored hashes as hostile text: it computes nothing before it has read the
// whole text and found its cost within the caps.
package password

import (
	"context"
	"fmt"
	"runtime"

	"latchkey/internal/argon2"
)

// Argon2 chooses which implementation computes argon2: our own, where the processor has the instructions, or the
// library.
type Argon2 string

const (
	Auto    Argon2 = "auto"     // the fastest implementation that the processor has instructions for
	XCrypto Argon2 = "x/crypto" // golang.org/x/crypto/argon2
)

// Hasher verifies passwords and makes hashes. It is safe for concurrent use and remembers neither.
type Hasher struct {
	target Params
	gate   *gate
}

// New returns a hasher whose new hashes have the costs target. Concurrent hashing stays within limit KiB, or runs one by one
// where a single hash needs more; zero means DefaultLimit. It panics on costs that ParseParams would refuse.
func New(target Params, limit uint32) *Hasher { return NewWith(Auto, target, limit) }

// NewWith returns a hasher as New does, with the chosen implementation of argon2. It panics on an unknown one.
func NewWith(a Argon2, target Params, limit uint32) *Hasher {
	if err := target.check(); err != nil {
		panic("password: new hasher: " + err.Error())
	}
	if limit == 0 {
		limit = DefaultLimit(target)
	}
	return &Hasher{target: target, gate: newGate(limit, a.implementation(), target)}
}

func (a Argon2) implementation() argon2.Implementation {
	switch a {
	case Auto:
		return argon2.Fastest()
	case XCrypto:
		return argon2.XCrypto
	}
	panic(fmt.Sprintf("password: new hasher: no implementation of argon2 is called %q", a))
}

// Implementation names what computes argon2 here: AVX-512, AVX2 or x/crypto.
func (h *Hasher) Implementation() string { return h.gate.slots.implementation.String() }

// Retained returns how many KiB stay allocated between hashes at most: a slot for each processor, or nothing where each
// hash allocates its own memory.
func (h *Hasher) Retained() uint32 {
	if !h.gate.slots.implementation.ReusesMemory() {
		return 0
	}
	return uint32(min(h.gate.limit/h.gate.share, int64(runtime.GOMAXPROCS(0)))) * h.target.Memory
}

// Verify reports whether the password matches and whether the stored hash is to be renewed. An error means that no turn
// came in time.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (match, outdated bool, err error) {
	// The hash is renewed if it is weaker than new ones or of another scheme. The work depends on the stored hash and
	// on the password's length and form, never on a match: one hash, two if the password is not in NFC, and twice that
	// if the hash's system trims passwords and this one can be trimmed. A stored text that is empty, unknown or over
	// the caps costs what a new hash costs.
	known, err := parse(stored)
	if err != nil {
		known = h.decoy()
	}
	if unusable(password) != nil {
		known, password = decoy{known}, ""
	}
	err = h.gate.run(ctx, known.memory(), func(s *slot) {
		known = inSlot(known, s)
		for _, variant := range variants(password) { // all of them: stopping at a match would reveal it
			match = known.matches(variant) || match
		}
	})
	return match, match && known.outdated(h.target), err
}

// Hash makes an argon2id hash of the password's NFC form, as a PHC string. It refuses a password that Verify would never match,
// before any work, and otherwise fails only if no turn to hash came early enough.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := unusable(password); err != nil {
		return "", err
	}
	var made argon2Hash
	if err := h.gate.run(ctx, h.target.Memory, func(s *slot) { made = newArgon2id(h.target, normalize(password), s) }); err != nil {
		return "", err
	}
	return made.String(), nil
}

// decoy replaces a hash that is missing or broken; it costs what a new hash costs.
func (h *Hasher) decoy() hash { return decoy{h.blank()} }

func (h *Hasher) blank() argon2Hash {
	return argon2Hash{cost: h.target, salt: make([]byte, newSaltSize), digest: make([]byte, newDigestSize)}
}
