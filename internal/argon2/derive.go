//go:build (amd64 || arm64) && !purego

package argon2

import (
	"encoding/binary"

	"golang.org/x/crypto/blake2b"
)

const (
	version = 0x13
	slices  = 4 // of a lane: threads wait for each other between them (RFC 9106, 3.4)
)

// input is what is hashed. Stored hashes have no key and no data; RFC 9106's test vectors do.
type input struct{ password, salt, key, data []byte }

func (i Implementation) derive(m *Memory, y mode, password, salt []byte, c cost) []byte {
	return i.hash(m, y, input{password: password, salt: salt}, c)
}

// lane is what one thread needs apart from the blocks.
type lane struct{ scratch, input, addresses block }

// hash is the operation of RFC 9106, 3.2.
func (i Implementation) hash(m *Memory, y mode, in input, c cost) []byte {
	if c.time < 1 || c.threads < 1 || c.keyLen < 1 {
		panic("argon2: passes, threads and the key's length must be at least 1")
	}
	seed := seed(y, in, c)
	unit := slices * c.threads
	blocks := max(c.memory/unit, 2) * unit
	if m == nil || len(m.blocks) < int(blocks) {
		m = NewMemory(blocks)
		defer m.Clear()
	}
	m.use(blocks, c.threads)
	f := filling{
		Implementation: i, mode: y, time: c.time, threads: c.threads, blocks: m.blocks[:blocks], lanes: m.lanes,
		perLane: blocks / c.threads, perSlice: blocks / unit,
	}
	f.first(seed)
	clear(seed) // a guess is cheap to check against it
	f.run()
	return f.key(c.keyLen)
}

// use makes room for the threads, and notes how many blocks are to be cleared.
func (m *Memory) use(blocks, threads uint32) {
	if len(m.lanes) < int(threads) {
		clear(m.lanes)
		m.lanes = make([]lane, threads)
	}
	m.used = max(m.used, int(blocks))
}

// seed returns H0 (RFC 9106, 3.2), with 8 bytes after it for the numbers of a block and a lane.
func seed(y mode, in input, c cost) []byte {
	u32 := binary.LittleEndian.AppendUint32
	fields := [...][]byte{in.password, in.salt, in.key, in.data}
	text := make([]byte, 0, 40+len(in.password)+len(in.salt)+len(in.key)+len(in.data))
	for _, number := range [...]uint32{c.threads, c.keyLen, c.memory, c.time, version, uint32(y)} {
		text = u32(text, number)
	}
	for _, field := range fields {
		text = append(u32(text, uint32(len(field))), field...)
	}
	h0 := blake2b.Sum512(text)
	clear(text)
	seed := make([]byte, blake2b.Size+8)
	copy(seed, h0[:])
	clear(h0[:])
	return seed
}

// first computes the first two blocks of every lane.
func (f *filling) first(seed []byte) {
	var bytes [1024]byte
	for l := range f.threads {
		binary.LittleEndian.PutUint32(seed[blake2b.Size+4:], l)
		for i := range uint32(2) {
			binary.LittleEndian.PutUint32(seed[blake2b.Size:], i)
			variableHash(bytes[:], seed)
			to := &f.blocks[l*f.perLane+i]
			for w := range to {
				to[w] = binary.LittleEndian.Uint64(bytes[8*w:])
			}
		}
	}
	clear(bytes[:])
}

// key returns the hash of the sum of all lanes' last blocks.
func (f *filling) key(size uint32) []byte {
	var bytes [1024]byte
	for w := range len(block{}) {
		var sum uint64
		for last := f.perLane - 1; last < uint32(len(f.blocks)); last += f.perLane {
			sum ^= f.blocks[last][w]
		}
		binary.LittleEndian.PutUint64(bytes[8*w:], sum)
	}
	key := make([]byte, size)
	variableHash(key, bytes[:])
	clear(bytes[:])
	return key
}

// variableHash is H' of RFC 9106, 3.3: BLAKE2b for output of any length.
func variableHash(out, in []byte) {
	prefixed := append(binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(in)), uint32(len(out))), in...)
	defer clear(prefixed)
	if len(out) <= blake2b.Size {
		short(out, prefixed)
		return
	}
	v := blake2b.Sum512(prefixed)
	for {
		out = out[copy(out, v[:blake2b.Size/2]):]
		if len(out) <= blake2b.Size {
			break
		}
		v = blake2b.Sum512(v[:])
	}
	short(out, v[:])
	clear(v[:])
}

// short fills out, of at most 64 bytes, with BLAKE2b of that length.
func short(out, in []byte) {
	switch len(out) {
	case blake2b.Size:
		v := blake2b.Sum512(in)
		copy(out, v[:])
	case blake2b.Size256:
		v := blake2b.Sum256(in)
		copy(out, v[:])
	default:
		h, err := blake2b.New(len(out), nil)
		if err != nil {
			panic("argon2: BLAKE2b of 1 to 64 bytes: " + err.Error())
		}
		h.Write(in)
		copy(out, h.Sum(nil))
	}
}
