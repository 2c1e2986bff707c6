package argon2_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	xargon2 "golang.org/x/crypto/argon2"

	"latchkey/internal/argon2"
)

// arguments are those of one computation.
type arguments struct {
	password, salt []byte
	time, memory   uint32
	threads        uint8
	size           uint32
}

func (a arguments) String() string {
	return fmt.Sprintf("m=%d,t=%d,p=%d, password %x, salt %x, %d bytes", a.memory, a.time, a.threads, a.password, a.salt, a.size)
}

// keys returns the argon2id and the argon2i key.
func (a arguments) keys(i argon2.Implementation, m *argon2.Memory) [2][]byte {
	return [2][]byte{
		i.IDKey(m, a.password, a.salt, a.time, a.memory, a.threads, a.size),
		i.Key(m, a.password, a.salt, a.time, a.memory, a.threads, a.size),
	}
}

// compare fails the test unless every implementation computes what x/crypto does, in m.
func (a arguments) compare(t *testing.T, m *argon2.Memory) {
	t.Helper()
	want := [2][]byte{
		xargon2.IDKey(a.password, a.salt, a.time, a.memory, a.threads, a.size),
		xargon2.Key(a.password, a.salt, a.time, a.memory, a.threads, a.size),
	}
	for _, i := range argon2.Available() {
		for y, got := range a.keys(i, m) {
			if !bytes.Equal(got, want[y]) {
				t.Errorf("%s, %s, %s: %x, want %x", i, [...]string{"argon2id", "argon2i"}[y], a, got, want[y])
			}
		}
	}
}

// TestReferenceVectors promises the keys of the reference implementation.
func TestReferenceVectors(t *testing.T) {
	file, err := os.Open("testdata/phc.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tried := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		var name, password, salt, want string
		a := arguments{size: 32}
		if _, err := fmt.Sscan(lines.Text(), &name, &a.time, &a.memory, &a.threads, &password, &salt, &want); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if testing.Short() && a.memory > 64<<10 {
			continue
		}
		a.password, a.salt = []byte(password), []byte(salt)
		for _, i := range argon2.Available() {
			key := map[string]func(*argon2.Memory, []byte, []byte, uint32, uint32, uint8, uint32) []byte{
				"argon2id": i.IDKey, "argon2i": i.Key,
			}[name]
			if got := hex.EncodeToString(key(nil, a.password, a.salt, a.time, a.memory, a.threads, a.size)); got != want {
				t.Errorf("%s, %s, %s: %s, want %s", i, name, a, got, want)
			}
		}
		tried++
	}
	if tried < 12 {
		t.Errorf("%d vectors were tried", tried)
	}
}

// TestComputesWhatXCryptoDoes tries the edges: the least memory, slices of one to three runs of addresses, lengths
// around BLAKE2b's, and memory that is not a multiple of what the lanes need.
func TestComputesWhatXCryptoDoes(t *testing.T) {
	m := argon2.NewMemory(2100)
	for _, memory := range []uint32{0, 1, 7, 8, 9, 31, 512, 513, 516, 1024, 1535, 1540, 2100, 2200} {
		for _, threads := range []uint8{1, 2, 3, 8, 255} {
			arguments{[]byte("password"), []byte("somesalt"), 2, memory, threads, 32}.compare(t, m)
		}
	}
	for _, size := range []uint32{1, 3, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129, 1024} {
		arguments{nil, nil, 1, 8, 1, size}.compare(t, m)
	}
	for _, length := range []int{1, 127, 128, 129, 5000} {
		arguments{make([]byte, length), make([]byte, length), 16, 8, 1, 32}.compare(t, m)
	}
}

// TestRandomArguments compares random computations with x/crypto's, in memory that is used again.
func TestRandomArguments(t *testing.T) {
	m := argon2.NewMemory(2000)
	tries := 200
	if testing.Short() {
		tries = 40
	}
	for range tries {
		some := func(most int) []byte {
			text := make([]byte, rand.IntN(most))
			for i := range text {
				text[i] = byte(rand.Uint32())
			}
			return text
		}
		arguments{
			some(200), some(50), 1 + rand.Uint32N(4), rand.Uint32N(3000), uint8(1 + rand.Uint32N(6)), 1 + rand.Uint32N(200),
		}.compare(t, m)
	}
}

// TestClearLeavesNothing promises that after Clear no byte of a hash is left, with one lane and with several, and that a hash
// that the memory is too small for leaves it alone.
func TestClearLeavesNothing(t *testing.T) {
	for _, i := range argon2.Available() {
		if !i.ReusesMemory() {
			continue
		}
		m := argon2.NewMemory(1000)
		for _, a := range []arguments{
			{time: 1, memory: 1000, threads: 1, size: 32}, {time: 2, memory: 100, threads: 3, size: 32},
			{time: 1, memory: 8, threads: 1, size: 32}, {time: 1, memory: 5000, threads: 1, size: 32},
		} {
			large := a.memory > 1000
			a.keys(i, m)
			if m.IsClear() != large {
				t.Errorf("%s, %s: clear is %v", i, a, !large)
			}
			m.Clear()
			if !m.IsClear() {
				t.Errorf("%s, %s: something is left", i, a)
			}
		}
	}
}

// TestMemoriesAreIndependent lets the race detector see several at once, each with several threads.
func TestMemoriesAreIndependent(t *testing.T) {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			m := argon2.NewMemory(256)
			for threads := range uint8(4) {
				arguments{[]byte("password"), []byte("somesalt"), 2, 256, 1 + threads, 32}.compare(t, m)
				m.Clear()
			}
		})
	}
	all.Wait()
}

// TestAllocations promises that a hash in memory that is used again leaves little for the garbage collector.
func TestAllocations(t *testing.T) {
	for _, i := range argon2.Available() {
		if !i.ReusesMemory() {
			continue
		}
		m := argon2.NewMemory(64)
		password, salt := []byte("password"), make([]byte, 16)
		if n := testing.AllocsPerRun(20, func() { i.IDKey(m, password, salt, 2, 64, 1, 32) }); n >= 20 {
			t.Errorf("%s: %.0f allocations", i, n)
		}
	}
}

func TestBadArgumentsPanic(t *testing.T) {
	for _, i := range argon2.Available() {
		for _, a := range []arguments{{time: 0, memory: 8, threads: 1, size: 32}, {time: 1, memory: 8, threads: 0, size: 32}, {time: 1, memory: 8, threads: 1}} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s, %s: no panic", i, a)
					}
				}()
				a.keys(i, nil)
			}()
		}
	}
}

// FuzzKeys compares every implementation with x/crypto.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("password"), []byte("somesalt"), uint8(2), uint16(64), uint8(1), uint8(32))
	f.Add([]byte(""), []byte(""), uint8(1), uint16(0), uint8(1), uint8(1))
	f.Add([]byte("\x00"), []byte("\xff"), uint8(3), uint16(1025), uint8(4), uint8(65))
	m := argon2.NewMemory(1 << 10)
	f.Fuzz(func(t *testing.T, password, salt []byte, time uint8, memory uint16, threads, size uint8) {
		arguments{password, salt, 1 + uint32(time%6), uint32(memory) % 3000, 1 + threads%16, 1 + uint32(size)}.compare(t, m)
	})
}

func BenchmarkIDKey(b *testing.B) {
	for _, i := range argon2.Available() {
		b.Run(i.String(), func(b *testing.B) {
			b.ReportAllocs()
			m := argon2.NewMemory(19456)
			for b.Loop() {
				i.IDKey(m, []byte("password"), make([]byte, 16), 2, 19456, 1, 32)
				m.Clear()
			}
		})
	}
}
