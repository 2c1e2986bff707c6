// Package calibrate measures what password hashes of several parameters cost, on this machine or on Lambda, and works out what
// that means: sign-ins a second, dollars for a million of them, and what the same hash costs somebody who guesses passwords.
package calibrate

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"latchkey/internal/password"
)

// Request says what to measure. It is also the event of functions/calibrate.
type Request struct {
	Params  []string        `json:"params"`  // settings, cheapest first, such as argon2id:m=19456,t=2,p=1
	Runs    int             `json:"runs"`    // hashes of each, one at a time and by each worker
	Workers int             `json:"workers"` // that hash concurrently; zero: one for each processor
	StopMS  float64         `json:"stopMs"`  // measure nothing more after parameters that take longer; zero: all
	Argon2  password.Argon2 `json:"argon2"`
}

// Measurement is what one machine or function answers to a Request: what it is, and the cost of each hash in
// milliseconds.
type Measurement struct {
	MemoryMB       int    `json:"memoryMB,omitempty"` // of the Lambda function; zero: this machine
	Architecture   string `json:"architecture"`
	Processors     int    `json:"processors"`
	Implementation string `json:"implementation"`
	Costs          []Cost `json:"costs"`
}

// Cost is what one hash takes, in milliseconds: one at a time, and while every worker computes one. Both are medians.
type Cost struct {
	Params string  `json:"params"`
	Alone  float64 `json:"aloneMs"`
	Busy   float64 `json:"busyMs"`
}

// Candidates returns the settings that calibrate tries, cheapest first: the default, and more memory with the same two passes,
// as OWASP prefers memory to passes.
func Candidates() []string {
	var settings []string
	for _, kib := range [...]uint32{password.Default().Memory, 32 << 10, 46 << 10, 64 << 10, 96 << 10, 128 << 10, 192 << 10, 256 << 10} {
		p := password.Default()
		p.Memory = kib
		settings = append(settings, p.String())
	}
	return settings
}

// Measure hashes as the request says. It fails on settings that ParseParams refuses, and when ctx ends.
func Measure(ctx context.Context, r Request) (Measurement, error) {
	if r.Workers == 0 {
		r.Workers = runtime.GOMAXPROCS(0)
	}
	m := Measurement{Architecture: runtime.GOARCH, Processors: runtime.NumCPU()}
	for _, setting := range r.Params {
		params, err := password.ParseParams(setting)
		if err != nil {
			return Measurement{}, fmt.Errorf("measure a hash: %w", err)
		}
		hasher := password.NewWith(r.Argon2, params, 0)
		m.Implementation = hasher.Implementation()
		cost, err := measure(ctx, hasher, r)
		if err != nil {
			return Measurement{}, fmt.Errorf("measure %s: %w", setting, err)
		}
		cost.Params = setting
		m.Costs = append(m.Costs, cost)
		if r.StopMS > 0 && cost.Busy > r.StopMS {
			break
		}
	}
	return m, nil
}

func measure(ctx context.Context, hasher *password.Hasher, r Request) (Cost, error) {
	if _, err := hashes(ctx, hasher, 1, r.Workers); err != nil { // makes the slots
		return Cost{}, err
	}
	alone, err := hashes(ctx, hasher, r.Runs, 1)
	if err != nil || r.Workers == 1 {
		return Cost{Alone: median(alone), Busy: median(alone)}, err
	}
	busy, err := hashes(ctx, hasher, r.Runs, r.Workers)
	return Cost{Alone: median(alone), Busy: median(busy)}, err
}

// hashes returns how many milliseconds each hash took.
func hashes(ctx context.Context, hasher *password.Hasher, runs, workers int) ([]float64, error) {
	took := make([]float64, runs*workers)
	failed := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range runs {
				began := time.Now()
				if _, err := hasher.Hash(ctx, "correct horse battery staple"); err != nil {
					failed[w] = err
					return
				}
				took[w*runs+i] = float64(time.Since(began)) / float64(time.Millisecond)
			}
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return took, nil
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
