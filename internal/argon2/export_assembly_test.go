//go:build (amd64 || arm64) && !purego

package argon2

// WithKey computes what IDKey and Key do, with the secret key and associated data of RFC 9106's vectors, which stored
// hashes never have.
func (i Implementation) WithKey(m *Memory, name string, password, salt, key, data []byte, time, memory, threads, size uint32) []byte {
	y := map[string]mode{"argon2i": argon2i, "argon2id": argon2id}[name]
	return i.hash(m, y, input{password, salt, key, data}, cost{time, memory, threads, size})
}

// Assembly returns the implementations under test here that are not x/crypto's.
func Assembly() []Implementation { return assembly() }
