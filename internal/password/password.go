// Package password verifies every accepted scheme of stored hashes, makes one, argon2id, and is the one door for
// all hashing, so that costs, memory and timing are decided in a single place. Stored hashes are hostile text to
// it: nothing is computed before the whole text was found canonical and affordable.
package password

import "context"

// Hasher verifies passwords and makes hashes; it is safe for concurrent use and keeps neither.
type Hasher struct {
	target Params
	gate   *gate
}

// New returns a hasher whose new hashes cost target. All hashing at one time stays within limit KiB, or runs one
// by one where a single hash needs more; zero means DefaultLimit. It panics where ParseParams would refuse target.
func New(target Params, limit uint32) *Hasher {
	if err := target.check(); err != nil {
		panic("password: new hasher: " + err.Error())
	}
	if limit == 0 {
		limit = DefaultLimit(target)
	}
	return &Hasher{target: target, gate: newGate(limit)}
}

// Verify reports whether the password matches, and then whether the stored hash is to be renewed: it is weaker than new
// ones are, or of another scheme. It computes one hash, or two where the password is not in NFC, whether one matches or
// not and whatever the stored text is: one that is empty, unrecognised or over the caps costs what a new hash costs, one
// that is foreign what its own parameters cost. The error is never about the password: no turn to hash came in good time
// before ctx ends.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (match, outdated bool, err error) {
	known, err := parse(stored)
	if err != nil {
		known = h.decoy()
	}
	if unusable(password) != nil {
		known, password = decoy{known}, ""
	}
	err = h.gate.run(ctx, known.memory(), func() {
		for _, form := range forms(password) { // all of them: stopping at a match would tell that there was one
			match = known.matches(form) || match
		}
	})
	return match, match && known.outdated(h.target), err
}

// Hash makes a new argon2id hash over the password's NFC form, as a PHC string. It refuses, without computing,
// a password that Verify would never match, and otherwise fails only where no turn to hash came in good time.
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

// decoy stands in for a hash that is missing or broken: it costs what a new hash costs.
func (h *Hasher) decoy() hash { return decoy{h.blank()} }

func (h *Hasher) blank() argon2Hash {
	return argon2Hash{cost: h.target, salt: make([]byte, newSaltSize), digest: make([]byte, newDigestSize)}
}
