// Package password verifies hashes of many schemes and makes hashes of one, argon2id. All hashing goes through it, so that one
// place decides costs, memory and timing. It treats stored hashes as hostile text: it computes nothing before it has read the
// whole text and found its cost within the caps.
package password

import "context"

// Hasher verifies passwords and makes hashes. It is safe for concurrent use and remembers neither.
type Hasher struct {
	target Params
	gate   *gate
}

// New returns a hasher whose new hashes have the costs target. Concurrent hashing stays within limit KiB, or runs one by one
// where a single hash needs more; zero means DefaultLimit. It panics on costs that ParseParams would refuse.
func New(target Params, limit uint32) *Hasher {
	if err := target.check(); err != nil {
		panic("password: new hasher: " + err.Error())
	}
	if limit == 0 {
		limit = DefaultLimit(target)
	}
	return &Hasher{target: target, gate: newGate(limit)}
}

// Verify reports whether the password matches, and if so whether the stored hash should be renewed: it is weaker than new ones,
// or of another scheme. The work depends on the stored hash and on the password's length and form, never on a match: one hash,
// two where the password is not in NFC, and twice that where the hash's system trims passwords and this one can be trimmed. A
// stored text that is empty, unknown or over the caps costs what a new hash costs. The error is never about the password: no
// turn to hash came early enough before ctx ends.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (match, outdated bool, err error) {
	known, err := parse(stored)
	if err != nil {
		known = h.decoy()
	}
	if unusable(password) != nil {
		known, password = decoy{known}, ""
	}
	err = h.gate.run(ctx, known.memory(), func() {
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
	if err := h.gate.run(ctx, h.target.Memory, func() { made = newArgon2id(h.target, normalize(password)) }); err != nil {
		return "", err
	}
	return made.String(), nil
}

// decoy replaces a hash that is missing or broken; it costs what a new hash costs.
func (h *Hasher) decoy() hash { return decoy{h.blank()} }

func (h *Hasher) blank() argon2Hash {
	return argon2Hash{cost: h.target, salt: make([]byte, newSaltSize), digest: make([]byte, newDigestSize)}
}
