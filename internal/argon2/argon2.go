// Package argon2 computes argon2id and argon2i (RFC 9106), bit for bit as golang.org/x/crypto/argon2 does: more than twice as
// fast where the processor has AVX2 or AVX-512, with NEON on arm64, and in memory that callers use again. docs/hashing.md
// says why it is safe to own.
package argon2

import "golang.org/x/crypto/argon2"

// Implementation is one way to compute argon2; all return the same keys.
type Implementation uint8

// The implementations. XCrypto runs everywhere, the others on processors that have the instructions.
const (
	XCrypto Implementation = iota // golang.org/x/crypto/argon2, which allocates its own memory
	AVX2
	AVX512
	NEON
)

// Fastest returns the fastest implementation that this processor and operating system support.
func Fastest() Implementation {
	all := Available()
	return all[len(all)-1]
}

// Available returns the implementations that run here, slowest first; with the build tag purego, only XCrypto.
func Available() []Implementation { return append([]Implementation{XCrypto}, assembly()...) }

// String returns the name: x/crypto, AVX2, AVX-512 or NEON.
func (i Implementation) String() string { return [...]string{"x/crypto", "AVX2", "AVX-512", "NEON"}[i] }

// ReusesMemory reports whether IDKey and Key compute in the memory that they are given.
func (i Implementation) ReusesMemory() bool { return i != XCrypto }

// mode is the type y of RFC 9106, 3.1.
type mode uint32

const (
	argon2i  mode = 1
	argon2id mode = 2
)

// cost is what decides how long a hash takes, and the size of its key.
type cost struct{ time, memory, threads, keyLen uint32 }

// IDKey returns the argon2id key of keyLen bytes, as x/crypto's IDKey does. It panics for time, threads or keyLen under
// 1.
func (i Implementation) IDKey(m *Memory, password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
	// It computes in m, or in memory of its own, which it clears, if m is nil or too small.
	if i == XCrypto {
		return argon2.IDKey(password, salt, time, memory, threads, keyLen)
	}
	return i.derive(m, argon2id, password, salt, cost{time, memory, uint32(threads), keyLen})
}

// Key returns the argon2i key, otherwise as IDKey. New hashes should use IDKey (RFC 9106, 4).
func (i Implementation) Key(m *Memory, password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
	if i == XCrypto {
		return argon2.Key(password, salt, time, memory, threads, keyLen)
	}
	return i.derive(m, argon2i, password, salt, cost{time, memory, uint32(threads), keyLen})
}
