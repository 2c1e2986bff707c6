package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	crowd     = 200       // clients that sign in concurrently
	crowdWave = 3 * crowd // sign-ins of all of them together
	promptMS  = 50        // how soon a request without a hash should be answered under load
	lookEvery = 20 * time.Millisecond
)

// measureOverload measures how soon a server answers requests without a hash while a crowd keeps every processor hashing. The
// bare side is the same server without the crowd; in both, the clients use the same processors.
func measureOverload(ctx context.Context, latchkey, dir string) ([]result, error) {
	ours, to, err := serveLatchkey(ctx, latchkey, dir+"/crowd", crowd, crowd)
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	to.patient = true
	var results []result
	for _, path := range []string{"/.well-known/jwks.json", "/healthz"} {
		calm, err := look(ctx, to, path, func(ctx context.Context) error { return pause(ctx, 2*time.Second) })
		if err != nil {
			return nil, err
		}
		busy, err := look(ctx, to, path, func(ctx context.Context) error { return to.run(ctx, crowdWave) })
		if err != nil {
			return nil, err
		}
		results = append(results, result{
			name: fmt.Sprintf("%s, 99 of 100", path), ours: milliseconds(busy.quantile(0.99)), bare: milliseconds(calm.quantile(0.99)),
			value: busy.quantile(0.99), goal: goal{most: promptMS, unit: " ms"},
		})
	}
	return append(results, result{
		name: "logins sent away of that crowd", ours: fmt.Sprint(to.sentAway.Load()), bare: fmt.Sprintf("of %d", 2*crowdWave),
	}), nil
}

// look requests the path repeatedly while f runs, and returns for each request the ms from its scheduled time to its answer: a
// late answer also delays the next request, and both count.
func look(ctx context.Context, at *load, path string, f func(context.Context) error) (sample, error) {
	both, ctx := errgroup.WithContext(ctx)
	over := make(chan struct{})
	both.Go(func() error {
		defer close(over)
		return f(ctx)
	})
	var took sample
	both.Go(func() error {
		for due := time.Now(); ; due = due.Add(lookEvery) {
			select {
			case <-over:
				return nil
			case <-time.After(time.Until(due)):
			}
			if err := at.get(ctx, path); err != nil {
				return err
			}
			took = append(took, inMilliseconds(time.Since(due)))
		}
	})
	err := both.Wait() // before took is read: a single return would leave the order open
	return took, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
