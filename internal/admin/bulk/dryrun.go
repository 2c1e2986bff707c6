package bulk

import (
	"context"

	"latchkey/internal/auth"
)

// DryRun is a store that reads Real and writes new users only to Scratch, so that lines of one import see each other.
// It does not try whether Real could be written.
type DryRun struct {
	Real    ImportStore // nil: a store without users
	Scratch ImportStore // empty at first
}

// Existing finds users of Real, else users of earlier lines.
func (d DryRun) Existing(ctx context.Context, users []auth.User) ([]auth.User, error) {
	earlier, err := d.Scratch.Existing(ctx, users)
	if err != nil || d.Real == nil {
		return earlier, err
	}
	found, err := d.Real.Existing(ctx, users)
	if err != nil {
		return nil, err
	}
	for i, u := range found {
		if u.ID == "" {
			found[i] = earlier[i]
		}
	}
	return found, nil
}

// CreateUsers creates, in Scratch, users that Real lacks.
func (d DryRun) CreateUsers(ctx context.Context, users []auth.User) []error {
	errs := make([]error, len(users))
	stored := make([]auth.User, len(users))
	if d.Real != nil {
		var err error
		if stored, err = d.Real.Existing(ctx, users); err != nil {
			for i := range errs {
				errs[i] = err
			}
			return errs
		}
	}
	var free []auth.User
	for i, u := range users {
		if errs[i] = auth.ErrConflict; stored[i].ID == "" {
			free = append(free, u)
		}
	}
	created := d.Scratch.CreateUsers(ctx, free)
	for i := range users {
		if stored[i].ID == "" {
			errs[i], created = created[0], created[1:]
		}
	}
	return errs
}

// UpdateUsers changes nobody and reports success.
func (d DryRun) UpdateUsers(_ context.Context, users []auth.User) []error {
	return make([]error, len(users))
}

// EndSessions ends no sessions and reports success.
func (d DryRun) EndSessions(context.Context, string, string) error { return nil }
