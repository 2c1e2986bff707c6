package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"latchkey/internal/argon2"
	"latchkey/internal/password"
)

const (
	hashTurns    = 31
	hashesATurn  = 32 // at least 250 ms of processor time, so that a tick is 4 %
	hashingUsers = 8
	signInGoal   = 0.70 // CPU of a sign-in, hash included, against x/crypto's hash
	rateGoal     = 1.5  // sign-ins a second, against the same server with x/crypto's hash
)

// hashGoal returns the goal for a hash of the implementation, against x/crypto's.
func hashGoal(i argon2.Implementation) float64 {
	return map[argon2.Implementation]float64{argon2.AVX2: 0.60, argon2.AVX512: 0.45}[i]
}

// measureHash compares the default hash, and one with twice the memory, in memory that is used again, with x/crypto's.
func measureHash(ctx context.Context, _, _ string) ([]result, error) {
	var sides []side
	defer func() { stopAll(sides) }()
	for _, i := range argon2.Available() {
		s, err := startHash(ctx, password.Default().String(), i)
		if err != nil {
			return nil, err
		}
		sides = append(sides, s)
	}
	double := password.Default()
	double.Memory *= 2
	doubled, err := startHash(ctx, double.String(), argon2.Fastest())
	if err != nil {
		return nil, err
	}
	sides = append(sides, doubled)
	turns, err := alternate(hashTurns, hashesATurn, sides...)
	if err != nil {
		return nil, err
	}
	var results []result
	for n, i := range argon2.Available() {
		if i == argon2.XCrypto {
			continue
		}
		results = append(results, compare(fmt.Sprintf("hash, %s against x/crypto, CPU", i), milliseconds,
			costs(turns[n]), costs(turns[0]), goal{most: hashGoal(i), unit: " x"}))
	}
	return append(results, compare(fmt.Sprintf("the same with twice the memory, %s", argon2.Fastest()), milliseconds,
		costs(turns[len(turns)-1]), costs(turns[0]), goal{})), nil
}

// measureHashing compares sign-ins at the default hash, on all processors, with x/crypto's hash and with the same server
// when ARGON2 is x/crypto. The clients' work slows both servers down, because they share their processors.
func measureHashing(ctx context.Context, latchkey, dir string) ([]result, error) {
	var sides []side
	defer func() { stopAll(sides) }()
	for _, setting := range []string{"auto", "x/crypto"} {
		s, _, err := serveLatchkey(ctx, latchkey, dir+"/argon2-"+setting[:1], hashingUsers, 2*runtime.GOMAXPROCS(0), "LATCHKEY_ARGON2="+setting)
		if err != nil {
			return nil, err
		}
		sides = append(sides, s)
	}
	bare, err := startHash(ctx, password.Default().String(), argon2.XCrypto)
	if err != nil {
		return nil, err
	}
	sides = append(sides, bare)
	turns, err := alternate(hashTurns, hashesATurn, sides...)
	if err != nil {
		return nil, err
	}
	return []result{
		compare("whole sign-in against x/crypto's hash, CPU", milliseconds, costs(turns[0]), costs(turns[2]), goal{most: signInGoal, unit: " x"}),
		compareRates("sign-ins a second against ARGON2=x/crypto", turns[0], turns[1], rateGoal),
		compareRates("sign-ins a second against x/crypto's hash", turns[0], turns[2], 0),
	}, nil
}

func stopAll(sides []side) {
	for _, s := range sides {
		s.stop()
	}
}

// startHash starts a process that only hashes.
func startHash(ctx context.Context, params string, i argon2.Implementation) (side, error) {
	p, err := start(ctx, nil, os.Args[0], "hash", i.String(), params)
	if err != nil {
		return side{}, err
	}
	return side{p, func(n int) error {
		if _, err := fmt.Fprintln(p.in, n); err != nil {
			return fmt.Errorf("order hashes: %w", err)
		}
		_, err := p.await("done")
		return err
	}}, nil
}

// playHash is the whole of that process.
func playHash(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("hash takes an implementation and parameters")
	}
	params, err := password.ParseParams(args[1])
	if err != nil {
		return err
	}
	for _, i := range argon2.Available() {
		if i.String() == args[0] {
			return hashAll(in, out, i, params)
		}
	}
	return fmt.Errorf("%s does not run here", args[0])
}

// hashAll reads numbers, computes that many hashes for each on all processors, and writes a line when it is done. Each
// processor has its own memory, which is cleared after each hash as the gate does it.
func hashAll(in io.Reader, out io.Writer, i argon2.Implementation, p password.Params) error {
	memories := make([]*argon2.Memory, runtime.GOMAXPROCS(0))
	for n := range memories {
		memories[n] = argon2.NewMemory(p.Memory)
	}
	orders := bufio.NewScanner(in)
	for orders.Scan() {
		var count int64
		if _, err := fmt.Sscan(orders.Text(), &count); err != nil {
			return fmt.Errorf("read how many hashes: %w", err)
		}
		var left atomic.Int64
		left.Store(count)
		var all sync.WaitGroup
		for _, memory := range memories {
			all.Go(func() {
				for left.Add(-1) >= 0 {
					i.IDKey(memory, []byte(loginPassword), make([]byte, 16), p.Time, p.Memory, p.Threads, 32)
					memory.Clear()
				}
			})
		}
		all.Wait()
		fmt.Fprintln(out, "done")
	}
	return orders.Err()
}

// processor names the processor and those of its features that argon2 can use, as Linux does.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	name, features := "unknown processor", []string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "model name":
			name = value
		case "flags", "Features":
			features = nil
			for _, f := range strings.Fields(value) {
				if f == "sse4_1" || strings.HasPrefix(f, "avx") || f == "asimd" {
					features = append(features, f)
				}
			}
		}
	}
	return name + " with " + strings.Join(features, " ")
}
