//go:build arm64 && !purego

package argon2

// assembly returns NEON, which every arm64 processor has that Go supports.
func assembly() []Implementation { return []Implementation{NEON} }

// compress sets out = G(a, b) of RFC 9106, 3.5, or out xor G(a, b). It uses scratch, which must be none of the others.
func (Implementation) compress(out, a, b, scratch *block, xor bool) {
	compressNEON(out, a, b, scratch, xor)
}

//go:noescape
func compressNEON(out, a, b, scratch *block, xor bool)
