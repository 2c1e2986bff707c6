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
	keysPerRead  = 40 // users of full size are 16 MB then, which is what DynamoDB gives at once

	leastBackoff = 50 * time.Millisecond
	mostBackoff  = 5 * time.Second
)

// CreateUsers writes many users at once, each in a transaction of its own with its pointer. Whose identifier is taken is
// found out by a read first, for a transaction that fails costs as much as one that succeeds.
func (s *Store) CreateUsers(ctx context.Context, users []auth.User) []error {
	taken, err := s.pointers(ctx, users)
	return each(users, func(u auth.User) error {
		if err != nil {
			return err
		}
		if taken[u.Identifier] != "" {
			return auth.ErrConflict
		}
		return unhurried(ctx, func() error { return s.CreateUser(ctx, u) })
	})
}

// UpdateUsers writes many users at once, each as UpdateUser does.
func (s *Store) UpdateUsers(ctx context.Context, users []auth.User) []error {
	return each(users, func(u auth.User) error {
		return unhurried(ctx, func() error { return s.UpdateUser(ctx, u) })
	})
}

// Existing reads in two rounds: the pointers, then the users that they lead to.
func (s *Store) Existing(ctx context.Context, users []auth.User) ([]auth.User, error) {
	const attempted = "look the users up"
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
	found, err := readMany(ctx, s, attempted, keys, userFrom)
	if err != nil {
		return nil, err
	}
	byID := map[string]auth.User{}
	for _, u := range found {
		byID[u.ID] = u
	}
	namesakes := make([]auth.User, len(users))
	for i, u := range users {
		if id, ok := ids[u.Identifier]; !ok {
			namesakes[i] = byID[u.ID]
		} else if byID[id].Identifier == u.Identifier { // else it moved between the two rounds
			namesakes[i] = byID[id]
		}
	}
	return namesakes, nil
}

// pointers returns the id of the user who has the identifier, for each that is taken.
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

// readMany reads as many items as there are keys, in no order. One key given twice is read once.
func readMany[T any](ctx context.Context, s *Store, attempted string, keys []key, from func(*fields) T) ([]T, error) {
	var mu sync.Mutex
	var all []T
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtOnce)
	slices.SortFunc(keys, key.compare)
	for some := range slices.Chunk(slices.Compact(keys), keysPerRead) {
		reads.Go(func() error {
			var items []item
			err := unhurried(ctx, func() (err error) {
				items, err = s.getAll(ctx, attempted, some)
				return err
			})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, it := range items {
				v, err := decode(attempted, it, from)
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

// each does something for many users at once and returns how it ended for each.
func each(users []auth.User, do func(auth.User) error) []error {
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

// unhurried does it again, later and later, for as long as the table has no capacity for it. Nobody waits for an import or a
// listing as for a sign-in, and what DynamoDB throttled it has not done.
func unhurried(ctx context.Context, do func() error) error {
	for backoff := leastBackoff; ; backoff = min(2*backoff, mostBackoff) {
		err := do()
		if !throttled(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return unavailable("await capacity", ctx.Err())
		case <-time.After(backoff/2 + rand.N(backoff/2)):
		}
	}
}

func throttled(err error) bool {
	codes := retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}
	return slices.ContainsFunc(cancellations(err), passes) || errors.Is(err, errUndone) || codes.IsErrorThrottle(err).Bool()
}
