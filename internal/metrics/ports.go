package metrics

import (
	"context"
	"time"

	"latchkey/internal/auth"
)

// Passwords returns p with the time of its calls added up, waiting for a turn included.
func (r *Recorder) Passwords(p auth.Passwords) auth.Passwords {
	return timed(func(s *sample, d time.Duration) { s.hash, s.hashes = s.hash+d, s.hashes+1 }).Passwords(p)
}

// Store returns s with the time of its calls added up, concurrent ones each in full.
func (r *Recorder) Store(s auth.Store) auth.Store {
	return timed(func(s *sample, d time.Duration) { s.store += d }).Store(s)
}

// timed adds the time of each call to the request's sample.
func timed(add func(*sample, time.Duration)) auth.Observer {
	return func(ctx context.Context, _ string) (func(), error) {
		began := time.Now()
		return func() {
			s := sampleOf(ctx)
			s.mu.Lock()
			defer s.mu.Unlock()
			add(s, time.Since(began))
		}, nil
	}
}
