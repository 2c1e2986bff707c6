package dynamo

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"golang.org/x/sync/errgroup"

	"latchkey/internal/auth"
)

const (
	writesAtOnce = 64
	readsAtOnce  = 8
	keysPerRead  = 40 // 40 users of maximum size are 16 MB, DynamoDB's limit for one answer

	leastBackoff = 50 * time.Millisecond
	mostBackoff  = 5 * time.Second
)

// CreateUsers writes many users at once, each in its own transaction with its pointer. A read finds taken identifiers
// first, because a transaction that fails costs as much as one that succeeds.
func (s *Store) CreateUsers(ctx context.Context, users []auth.User) []error {
	taken, err := s.pointers(ctx, users)
	return forEach(users, func(u auth.User) error {
		if err != nil {
			return err
		}
		if taken[u.Identifier] != "" {
			return auth.ErrConflict
		}
		return retryThrottled(ctx, func() error { return s.CreateUser(ctx, u) })
	})
}

// UpdateUsers writes many users at once, each as UpdateUser does.
func (s *Store) UpdateUsers(ctx context.Context, users []auth.User) []error {
	return forEach(users, func(u auth.User) error {
		return retryThrottled(ctx, func() error { return s.UpdateUser(ctx, u) })
	})
}

// Existing reads in two rounds: the pointers, then the users that they point to.
func (s *Store) Existing(ctx context.Context, users []auth.User) ([]auth.User, error) {
	const action = "look the users up"
	ids, err := s.pointers(ctx, users)
	if err != nil {
		return nil, err
	}
	var keys []key
	for _, u := range users {
		id := ids[u.Identifier]
		if id == "" {
			id = u.ID
		}
		if k, ok := userKey(id); ok {
			keys = append(keys, k)
		}
	}
	found, err := readMany(ctx, s, action, keys, userFrom)
	if err != nil {
		return nil, err
	}
	byID := map[string]auth.User{}
	for _, u := range found {
		byID[u.ID] = u
	}
	existing := make([]auth.User, len(users))
	for i, u := range users {
		if id, ok := ids[u.Identifier]; !ok {
			existing[i] = byID[u.ID]
		} else if byID[id].Identifier == u.Identifier { // otherwise it moved between the two rounds
			existing[i] = byID[id]
		}
	}
	return existing, nil
}

// pointers maps each identifier that is taken to the id of its user.
func (s *Store) pointers(ctx context.Context, users []auth.User) (map[auth.Identifier]string, error) {
	var keys []key
	by := map[string]auth.Identifier{}
	for _, u := range users {
		k := loginKey(u.Identifier)
		keys, by[k.pk] = append(keys, k), u.Identifier
	}
	type pointer struct{ pk, userID string }
	found, err := readMany(ctx, s, "look the identifiers up", keys, func(f *fields) pointer {
		return pointer{f.text("pk"), f.text("userId")}
	})
	ids := map[auth.Identifier]string{}
	for _, p := range found {
		ids[by[p.pk]] = p.userID
	}
	return ids, err
}

// readMany reads the items of the keys, in no particular order. A key that occurs twice is read once.
func readMany[T any](ctx context.Context, s *Store, action string, keys []key, from func(*fields) T) ([]T, error) {
	var mu sync.Mutex
	var all []T
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtOnce)
	slices.SortFunc(keys, key.compare)
	for some := range slices.Chunk(slices.Compact(keys), keysPerRead) {
		reads.Go(func() error {
			var items []item
			err := retryThrottled(ctx, func() (err error) {
				items, err = s.getAll(ctx, action, some)
				return err
			})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, it := range items {
				v, err := decode(action, it, from)
				if err != nil {
					return err
				}
				all = append(all, v)
			}
			return nil
		})
	}
	err := reads.Wait()
	return all, err
}

// forEach calls do concurrently for the users and returns the error for each, in their order.
func forEach(users []auth.User, do func(auth.User) error) []error {
	errs := make([]error, len(users))
	var all errgroup.Group
	all.SetLimit(writesAtOnce)
	for i, u := range users {
		all.Go(func() error {
			errs[i] = do(u)
			return nil
		})
	}
	all.Wait()
	return errs
}

// retryThrottled calls do again with exponential back-off while DynamoDB throttles it. Imports and listings can wait longer
// than a sign-in, and DynamoDB has not done a call that it throttled.
func retryThrottled(ctx context.Context, do func() error) error {
	for backoff := leastBackoff; ; backoff = min(2*backoff, mostBackoff) {
		err := do()
		if !throttled(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return unavailable("wait for capacity", ctx.Err())
		case <-time.After(backoff/2 + rand.N(backoff/2)):
		}
	}
}

func throttled(err error) bool {
	codes := retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}
	return slices.ContainsFunc(cancellations(err), isTransient) || errors.Is(err, errUnprocessed) || codes.IsErrorThrottle(err).Bool()
}
