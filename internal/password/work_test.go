package password_test

import (
	"runtime"
	"strings"
	"testing"

	"latchkey/internal/password"
)

// work is what a computation took from the allocator. An argon2id hash of x/crypto takes its memory once, and one with two
// lanes starts goroutines in each pass, so this counts hashes, their memory and their passes, on any machine alike.
type work struct{ bytes, objects uint64 }

func measure(run func()) work {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	return work{after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs}
}

const (
	nfc = "p\u00e4ssw\u00f6rd"
	nfd = "pa\u0308sswo\u0308rd"

	// verbatimNFD is of nfd's own bytes, made by argon2-cffi 25.1.0.
	verbatimNFD = "$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$3frU4+oVbRJaCfjC7240Gk0gIqyrzMoNUO56PGJXdWU"
)

func TestWorkTellsNothing(t *testing.T) {
	const setting, unit = "argon2id:m=1024,t=1,p=1", 1 << 20
	hasher := password.NewWith(password.XCrypto, password.Params{Memory: 1024, Time: 1, Threads: 1}, 0)
	storeds := []struct{ name, stored string }{
		{"a user's", newHash(t, setting, "another password")},
		{"an unknown user's", ""},
		{"an unusable mark", "!"},
		{"a broken one", newHash(t, setting, "a")[:60]},
		{"one over the caps", phc("m=262145,t=1,p=1")},
	}
	for _, test := range []struct {
		name, plain string
		hashes      uint64
	}{
		{"wrong", "password", 1},
		{"empty", "", 1},
		{"in NFC", nfc, 1},
		{"not in NFC", nfd, 2},
		{"not UTF-8", "\xff\xfe\x80", 1},
		{"not in NFC and not UTF-8", "\xff" + nfd, 2},
		{"1024 bytes", strings.Repeat("a", 1024), 1},
		{"1025 bytes", strings.Repeat("a", 1025), 1},
		{"a megabyte", strings.Repeat("a", 1<<20), 1},
		{"a megabyte not in NFC", strings.Repeat(nfd, 1<<17), 1},
		{"NUL", "pass\x00word", 1},
		{"NUL, not in NFC", nfd + "\x00", 1},
	} {
		for _, stored := range storeds {
			got := measure(func() {
				if matches(t, hasher, stored.stored, test.plain) {
					t.Errorf("%s password matches %s hash", test.name, stored.name)
				}
			})
			if hashes := (got.bytes + unit/2) / unit; hashes != test.hashes || got.bytes%unit > unit/8 {
				t.Errorf("%s password, %s hash: %d bytes, want those of %d hashes", test.name, stored.name, got.bytes, test.hashes)
			}
		}
	}
}

// TestForeignWorkTellsNothing promises that whatever is typed for a user with scrypt costs as many of their hashes as it would
// cost of new ones for another, and no more memory than the gate counts.
func TestForeignWorkTellsNothing(t *testing.T) {
	const unit = 515 << 10 // as in TestHashingWaitsForItsOwnMemory
	hasher := password.New(cheap, 0)
	for _, stored := range []string{swap(scryptPHC, "ln=4", "ln=9"), swap(djangoScrypt, "$16$", "$512$"), swap(firebase, "n=4", "n=9")} {
		for plain, hashes := range map[string]uint64{
			"wrong": 1, "": 1, nfc: 1, nfd: 2, "pass\x00word": 1, strings.Repeat("a", 1025): 1, strings.Repeat(nfd, 1000): 1,
		} {
			got := measure(func() { matches(t, hasher, stored, plain) }).bytes
			if got < hashes*unit*99/100 || got > hashes*(unit+16<<10) {
				t.Errorf("%.20q for %.20q: %d bytes, want those of %d hashes", plain, stored, got, hashes)
			}
		}
	}
}

// TestBcryptOverADigestReadsAll promises that Django's bcrypt_sha256 has no end at 72 bytes.
func TestBcryptOverADigestReadsAll(t *testing.T) {
	hasher := password.New(cheap, 0)
	for _, f := range readForeign(t) {
		if f.Name != "Django bcrypt_sha256, 200 bytes" {
			continue
		}
		if !matches(t, hasher, f.Hash, f.Password) || matches(t, hasher, f.Hash, f.Password[:199]) || matches(t, hasher, f.Hash, f.Password[:72]) {
			t.Error("other bytes than the password's count")
		}
		return
	}
	t.Error("there is none to try")
}

func TestDecoysDoAllPasses(t *testing.T) {
	for _, implementation := range []password.Argon2{password.XCrypto, password.Auto} {
		const setting = "argon2id:m=64,t=16,p=2"
		hasher := password.NewWith(implementation, password.Params{Memory: 64, Time: 16, Threads: 2}, 0)
		verify := func(stored, plain string) uint64 {
			least := ^uint64(0) // of three, because the runtime allocates now and then
			for range 3 {
				least = min(least, measure(func() { matches(t, hasher, stored, plain) }).objects)
			}
			return least
		}
		real, fewer := verify(newHash(t, setting, "a"), "b"), verify(newHash(t, "argon2id:m=64,t=12,p=2", "a"), "b")
		if real < fewer+20 {
			t.Fatalf("%s: 16 passes allocate %d objects and 12 passes %d: passes cannot be told by them", implementation, real, fewer)
		}
		for name, got := range map[string]uint64{"unknown": verify("", "b"), "broken": verify(good[:40], "b"), "NUL": verify(newHash(t, setting, "a"), "\x00")} {
			if got < real-10 || got > real+10 {
				t.Errorf("%s, %s: %d objects allocated, a wrong password takes %d", implementation, name, got, real)
			}
		}
	}
}

func TestRightPasswordCosts(t *testing.T) {
	hasher := password.NewWith(password.XCrypto, cheap, 0)
	overNFC, overNFD := newHash(t, "argon2id:m=1024,t=1,p=1", nfc), verbatimNFD
	for _, test := range []struct {
		name, stored, plain string
		match               bool
		hashes              uint64
	}{
		{"ours, typed in NFC", overNFC, nfc, true, 1},
		{"ours, typed in NFD", overNFC, nfd, true, 2},
		{"imported over NFD, typed in NFD", overNFD, nfd, true, 2}, // or a pending user's right password would cost less
		{"imported over NFD, typed in NFC", overNFD, nfc, false, 1},
	} {
		got := measure(func() {
			if matches(t, hasher, test.stored, test.plain) != test.match {
				t.Errorf("%s: match is %v, want %v", test.name, !test.match, test.match)
			}
		})
		if hashes := (got.bytes + 1<<19) >> 20; hashes != test.hashes {
			t.Errorf("%s: %d hashes, want %d", test.name, hashes, test.hashes)
		}
	}
}

func TestBcryptReadsNoMoreThan72Bytes(t *testing.T) {
	hasher := password.New(cheap, 0)
	key := strings.Repeat("0123456789", 7) + "ab"
	var stored string
	for _, v := range readVectors(t) {
		if v.Name == "bcrypt 2b, 72 bytes" {
			stored = v.Hash
		}
	}
	for plain, want := range map[string]bool{
		key: true, key[:71]: false, key + "c": false, key + key: false, key + "\x00": false, key + "\u0308": false,
		key[:71] + "a\u0308": false, // 74 bytes, whose NFC form has 73
	} {
		if matches(t, hasher, stored, plain) != want {
			t.Errorf("%d bytes: match is %v, want %v", len(plain), !want, want)
		}
	}
}

// TestTooLongForBcryptIsNoShortcut promises that bcrypt refuses a long password only after the work, which shows in the 4 KB that a
// Blowfish key schedule allocates. What pools keep or drop on the way is left out: under the race detector they drop at random.
func TestTooLongForBcryptIsNoShortcut(t *testing.T) {
	hasher := password.New(cheap, 0)
	stored := "$2b$06$" + bcryptOfPassword[7:]
	wrong := measure(func() { matches(t, hasher, stored, "wrong") }).bytes
	if wrong < 4096 {
		t.Fatalf("a wrong password allocates %d bytes: this test sees no work", wrong)
	}
	for _, plain := range []string{strings.Repeat("a", 73), strings.Repeat("a", 1025), "password\x00"} {
		if refused := measure(func() { matches(t, hasher, stored, plain) }).bytes; refused < 4096 {
			t.Errorf("%d bytes are refused with %d bytes allocated, a wrong password with %d", len(plain), refused, wrong)
		}
	}
}

// TestRightAndWrongCostTheSame promises for every foreign scheme that a right password, a wrong one and a decoy allocate alike; what
// they compute is the same function of the password.
func TestRightAndWrongCostTheSame(t *testing.T) {
	hasher := password.New(cheap, 0)
	for _, stored := range foreignTrue() {
		scrambled, err := password.Scramble(stored)
		if err != nil {
			t.Fatal(err)
		}
		right := measure(func() { matches(t, hasher, stored, "password") })
		for _, other := range []work{
			measure(func() { matches(t, hasher, stored, "passw0rd") }),
			measure(func() { matches(t, hasher, scrambled, "password") }),
		} {
			if slack := right.bytes/50 + 2048; other.bytes > right.bytes+slack || right.bytes > other.bytes+slack {
				t.Errorf("%.20s: a right password allocates %d bytes, another %d", stored, right.bytes, other.bytes)
			}
		}
	}
}
