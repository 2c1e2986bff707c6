package password_test

import (
	"context"
	"testing"

	"golang.org/x/crypto/argon2"

	"latchkey/internal/password"
)

// The ratio of Verify to BareArgon2id is what this package adds to the hash itself; in parallel, what the gate
// adds or saves.

func BenchmarkBareArgon2id(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		bareArgon2id()
	}
}

func BenchmarkVerify(b *testing.B) {
	hasher, stored := benchHasher(b)
	b.ReportAllocs()
	for b.Loop() {
		benchVerify(b, hasher, stored)
	}
}

func BenchmarkVerifyUnknown(b *testing.B) {
	hasher, _ := benchHasher(b)
	b.ReportAllocs()
	for b.Loop() {
		if match, _, err := hasher.Verify(context.Background(), "", "password"); match || err != nil {
			b.Fatal(match, err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	hasher, _ := benchHasher(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := hasher.Hash(context.Background(), "password"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBareArgon2idParallel(b *testing.B) {
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			bareArgon2id()
		}
	})
}

func BenchmarkVerifyParallel(b *testing.B) {
	hasher, stored := benchHasher(b)
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			benchVerify(b, hasher, stored)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	_, stored := benchHasher(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := password.Check(stored); err != nil {
			b.Fatal(err)
		}
	}
}

func benchHasher(b *testing.B) (*password.Hasher, string) {
	b.Helper()
	hasher := password.New(password.Default(), 0)
	stored, err := hasher.Hash(context.Background(), "password")
	if err != nil {
		b.Fatal(err)
	}
	return hasher, stored
}

func benchVerify(b *testing.B, hasher *password.Hasher, stored string) {
	if match, _, err := hasher.Verify(context.Background(), stored, "password"); !match || err != nil {
		b.Error(match, err)
	}
}

func bareArgon2id() {
	p := password.Default()
	argon2.IDKey([]byte("password"), make([]byte, 16), p.Time, p.Memory, p.Threads, 32)
}
