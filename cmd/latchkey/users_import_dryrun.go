package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/sqlite"
)

// rehearseImport does all that an import does, but on a stage.
func (c *cli) rehearseImport(cmd *cobra.Command, in io.Reader, update bool) (err error) {
	r, err := c.newRehearsal(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	cheap := password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0) // hashes that nobody will use
	i := importer{store: r, hasher: cheap, update: update, progress: newProgress(c.err, "checking", c.size(in))}
	err = i.run(cmd.Context(), in)
	fmt.Fprintln(c.err, "this was a dry run: nothing is stored")
	if err == nil && i.refused > 0 {
		return errFailed
	}
	return err
}

// rehearsal is a store that reads what there is and writes to a file that is thrown away, so that the lines of one import
// meet each other as they would. It is no test of the place where users are to be stored.
type rehearsal struct {
	real  importStore // nil: nobody is there
	stage *sqlite.Store
	close []func() error
}

func (c *cli) newRehearsal(cmd *cobra.Command) (r *rehearsal, err error) {
	r = &rehearsal{}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	config, err := c.config(cmd)
	if err != nil {
		return r, usageError{err}
	}
	absent := false
	if config.Store.Kind == "sqlite" { // opening it would make it
		_, err := os.Stat(config.Store.Name)
		absent = errors.Is(err, fs.ErrNotExist)
	}
	if !absent {
		store, err := c.openStore(cmd)
		if err != nil {
			return r, err
		}
		r.real, r.close = store, append(r.close, store.Close)
	}
	dir, err := os.MkdirTemp("", "latchkey-dry-run-*")
	if err != nil {
		return r, fmt.Errorf("make a place for the dry run: %w", err)
	}
	r.close = append(r.close, func() error { return os.RemoveAll(dir) })
	if r.stage, err = sqlite.Open(cmd.Context(), filepath.Join(dir, "stage.db")); err != nil {
		return r, err
	}
	r.close = append(r.close, r.stage.Close)
	return r, nil
}

// Close throws the stage away.
func (r *rehearsal) Close() error {
	var errs []error
	for i := len(r.close) - 1; i >= 0; i-- {
		errs = append(errs, r.close[i]())
	}
	return errors.Join(errs...)
}

// Existing finds users who are there, else users of earlier lines.
func (r *rehearsal) Existing(ctx context.Context, users []auth.User) ([]auth.User, error) {
	staged, err := r.stage.Existing(ctx, users)
	if err != nil || r.real == nil {
		return staged, err
	}
	found, err := r.real.Existing(ctx, users)
	if err != nil {
		return nil, err
	}
	for i, u := range found {
		if u.ID == "" {
			found[i] = staged[i]
		}
	}
	return found, nil
}

// CreateUsers puts on the stage who is not there.
func (r *rehearsal) CreateUsers(ctx context.Context, users []auth.User) []error {
	errs := make([]error, len(users))
	there := make([]auth.User, len(users))
	if r.real != nil {
		var err error
		if there, err = r.real.Existing(ctx, users); err != nil {
			for i := range errs {
				errs[i] = err
			}
			return errs
		}
	}
	var free []auth.User
	for i, u := range users {
		if errs[i] = auth.ErrConflict; there[i].ID == "" {
			free = append(free, u)
		}
	}
	created := r.stage.CreateUsers(ctx, free)
	for i := range users {
		if there[i].ID == "" {
			errs[i], created = created[0], created[1:]
		}
	}
	return errs
}

// UpdateUsers changes nobody.
func (r *rehearsal) UpdateUsers(_ context.Context, users []auth.User) []error {
	return make([]error, len(users))
}

// EndSessions ends none.
func (r *rehearsal) EndSessions(context.Context, string, string) error { return nil }
