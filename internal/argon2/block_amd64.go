//go:build amd64 && !purego

package argon2

import "golang.org/x/sys/cpu"

//go:generate go run ./gen

// assembly returns the implementations that the processor has instructions and the operating system keeps registers
// for, slowest first.
func assembly() (found []Implementation) {
	if cpu.X86.HasAVX2 {
		found = append(found, AVX2)
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW {
		found = append(found, AVX512)
	}
	return found
}

// compress sets out = G(a, b) of RFC 9106, 3.5, or out xor G(a, b). It may use scratch, which must be none of the others.
func (i Implementation) compress(out, a, b, scratch *block, xor bool) {
	if i == AVX512 {
		compressAVX512(out, a, b, xor)
		return
	}
	compressAVX2(out, a, b, scratch, xor)
}

//go:noescape
func compressAVX2(out, a, b, scratch *block, xor bool)

//go:noescape
func compressAVX512(out, a, b *block, xor bool)
