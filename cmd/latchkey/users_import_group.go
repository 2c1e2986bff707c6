package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/userfile"
)

const (
	maxHashes    = 32 // passwords that are hashed before their users are stored: some seconds of work to lose
	endingAtOnce = 16 // users whose sessions are ended: over a network each takes a round trip
)

// groups splits lines where one names the same user as another before it, so that the later one finds the earlier one
// stored.
func groups(lines []userfile.Line) iter.Seq[[]userfile.Line] {
	return func(yield func([]userfile.Line) bool) {
		seen, hashes, from := map[string]bool{}, 0, 0
		for k, line := range lines {
			if line.Err != nil {
				continue
			}
			id, identifier := "id "+line.Entry.User.ID, line.Entry.User.Identifier.String()
			hashed := line.Entry.Password != ""
			if seen[id] || seen[identifier] || hashed && hashes == maxHashes {
				if !yield(lines[from:k]) {
					return
				}
				clear(seen)
				hashes, from = 0, k
			}
			if hashed {
				hashes++
			}
			seen[id], seen[identifier] = true, true
		}
		if from < len(lines) {
			yield(lines[from:])
		}
	}
}

// How a line ended that was not refused.
type kind int

const (
	unchanged kind = iota
	added
	updated
)

type end struct {
	kind kind
	err  error
}

// step is what is to be done about a line.
type step struct {
	line int // index in its group
	kind kind
	user auth.User
	ends bool // the user's sessions
}

// settle brings the lines of a group into the store and returns how each ended. It tries again where others changed a
// user meanwhile, as a sign-in does that renews a hash.
func (i *importer) settle(ctx context.Context, lines []userfile.Line) []end {
	ends := make([]end, len(lines))
	var open []int
	for k, line := range lines {
		if ends[k].err = line.Err; line.Err == nil {
			open = append(open, k)
		}
	}
	for round := 0; round < 5 && len(open) > 0; round++ {
		steps := i.plan(ctx, lines, open, ends, round == 0 && !i.update && !i.known)
		i.act(ctx, steps, ends)
		if round == 0 {
			i.known = 2*countNew(ends) < len(open)
		}
		open = slices.DeleteFunc(open, func(k int) bool { return !errors.Is(ends[k].err, auth.ErrConflict) })
	}
	for _, k := range open {
		ends[k].err = fmt.Errorf("%s is changed by others all the time; import it again", lines[k].Entry.User.Email)
	}
	return ends
}

func countNew(ends []end) (n int) {
	for _, e := range ends {
		if e.kind == added && e.err == nil {
			n++
		}
	}
	return n
}

// plan finds out what is to be done about the open lines. A hopeful plan looks nobody up whose line costs nothing: in most
// imports nobody is there, and where the store says otherwise it is made again.
func (i *importer) plan(ctx context.Context, lines []userfile.Line, open []int, ends []end, hopeful bool) []step {
	stored, err := i.lookUp(ctx, lines, open, hopeful)
	steps := make([]step, len(open))
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for n, k := range open {
		if ends[k] = (end{err: err}); err != nil {
			continue
		}
		entry := lines[k].Entry
		if steps[n].line = k; stored[k].ID == "" && entry.Password == "" {
			steps[n].kind, steps[n].user = added, i.newUser(entry.User)
			continue
		}
		all.Go(func() error {
			steps[n], ends[k].err = i.step(ctx, stored[k], entry)
			steps[n].line = k
			return nil
		})
	}
	all.Wait()
	return slices.DeleteFunc(steps, func(s step) bool { return s.kind == unchanged })
}

// lookUp returns the stored users who are in the way of the open lines, by the index of the line.
func (i *importer) lookUp(ctx context.Context, lines []userfile.Line, open []int, hopeful bool) (map[int]auth.User, error) {
	var asked []int
	var users []auth.User
	for _, k := range open {
		if entry := lines[k].Entry; !hopeful || entry.Password != "" {
			asked, users = append(asked, k), append(users, entry.User)
		}
	}
	stored := map[int]auth.User{}
	if len(users) == 0 {
		return stored, nil
	}
	found, err := i.store.Existing(ctx, users)
	if err != nil {
		return nil, fmt.Errorf("look the users up: %w", err)
	}
	for n, k := range asked {
		stored[k] = found[n]
	}
	return stored, nil
}

// step decides about one line, given who is stored.
func (i *importer) step(ctx context.Context, stored auth.User, entry userfile.Entry) (step, error) {
	switch {
	case stored.ID == "":
		u := i.newUser(entry.User)
		var err error
		u.PasswordHash, err = i.hash(ctx, entry.Password)
		return step{kind: added, user: u}, err
	case stored.Identifier != entry.User.Identifier:
		return step{}, fmt.Errorf("the id %s is another user's", entry.User.ID)
	case !entry.NewID && entry.User.ID != stored.ID:
		return step{}, fmt.Errorf("%s has the id %s, and the line says %s", stored.Email, stored.ID, entry.User.ID)
	case i.update:
		return i.replacement(ctx, stored, entry)
	}
	return step{}, i.leave(ctx, stored, entry)
}

func (i *importer) newUser(u auth.User) auth.User {
	u.CreatedAt = time.Now()
	u.UpdatedAt, u.PasswordEpoch = u.CreatedAt, auth.FirstEpoch(u.CreatedAt)
	return u
}

// leave returns an error where the stored user differs from the line. A plain password is only compared where an earlier
// line of the same import brought the user, for it takes long; and a hash not where a sign-in renewed it.
func (i *importer) leave(ctx context.Context, stored auth.User, entry userfile.Entry) error {
	u := entry.Over(stored)
	if u.PasswordHash == "" || i.renewed(stored, u.PasswordHash) {
		u.PasswordHash = stored.PasswordHash
	}
	differing, err := userfile.Differences(u, stored)
	if err != nil {
		return err
	}
	twice := !stored.CreatedAt.Before(i.began)
	if twice && entry.Password != "" {
		same, _, err := i.hasher.Verify(ctx, stored.PasswordHash, entry.Password)
		if err != nil {
			return err
		}
		if !same {
			differing = append(differing, "password")
		}
	}
	switch {
	case len(differing) == 0:
		return nil
	case twice:
		return fmt.Errorf("%s is there already, from an earlier line, and differs in %s", entry.User.Email, strings.Join(differing, ", "))
	}
	return fmt.Errorf("%s is there already, and differs in %s; --update replaces it", entry.User.Email, strings.Join(differing, ", "))
}

// renewed reports whether a sign-in may have put the stored hash in the place of the line's: nobody set a password since the
// user came, and the hash is of those that are made now, as the line's is not.
func (i *importer) renewed(stored auth.User, line string) bool {
	if stored.Version > 1 && stored.UpdatedAt.Equal(stored.CreatedAt) { // a renewal alone leaves the time
		return true
	}
	before, err := password.Describe(line)
	now, bad := password.Describe(stored.PasswordHash)
	return err == nil && bad == nil && before != now && now == i.hasher.Describe() &&
		stored.PasswordEpoch == auth.FirstEpoch(stored.CreatedAt)
}

// replacement is the user of the line in the place of the stored one.
func (i *importer) replacement(ctx context.Context, stored auth.User, entry userfile.Entry) (step, error) {
	u := entry.Over(stored)
	var err error
	if u.PasswordHash, err = i.newHash(ctx, stored, entry); err != nil {
		return step{}, err
	}
	differing, err := userfile.Differences(u, stored)
	if err != nil || len(differing) == 0 {
		return step{}, err
	}
	u.Version, u.PasswordEpoch = stored.Version, auth.NextEpoch(stored, u)
	u.CreatedAt, u.UpdatedAt = stored.CreatedAt, time.Now()
	return step{kind: updated, user: u, ends: u.Status != auth.StatusReady || u.PasswordEpoch != stored.PasswordEpoch}, nil
}

// newHash returns the line's hash, or that of its password; the user's own where the line has neither, or the same
// password: a file that is imported every night must not end everybody's sessions.
func (i *importer) newHash(ctx context.Context, stored auth.User, entry userfile.Entry) (string, error) {
	switch {
	case entry.User.PasswordHash != "":
		return entry.User.PasswordHash, nil
	case entry.Password == "":
		return stored.PasswordHash, nil
	case stored.PasswordHash != "":
		same, _, err := i.hasher.Verify(ctx, stored.PasswordHash, entry.Password)
		if same || err != nil {
			return stored.PasswordHash, err
		}
	}
	return i.hash(ctx, entry.Password)
}

func (i *importer) hash(ctx context.Context, password string) (string, error) {
	hash, err := i.hasher.Hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return hash, nil
}

// act takes the steps, and notes how each ended.
func (i *importer) act(ctx context.Context, steps []step, ends []end) {
	users := map[kind][]auth.User{}
	for _, s := range steps {
		if ends[s.line].err == nil {
			users[s.kind] = append(users[s.kind], s.user)
		}
	}
	errs := map[kind][]error{}
	if len(users[added]) > 0 {
		errs[added] = i.store.CreateUsers(ctx, users[added])
	}
	if len(users[updated]) > 0 {
		errs[updated] = i.store.UpdateUsers(ctx, users[updated])
	}
	var ending errgroup.Group
	ending.SetLimit(endingAtOnce)
	for _, s := range steps {
		e := &ends[s.line]
		if e.err != nil {
			continue
		}
		err := errs[s.kind][0]
		errs[s.kind] = errs[s.kind][1:]
		if *e = (end{s.kind, storing(s, err)}); err != nil {
			continue
		}
		if s.ends {
			ending.Go(func() error {
				e.err = storing(s, i.store.EndSessions(ctx, s.user.ID, ""))
				return nil
			})
		}
		if i.usual != "" && !i.foreign {
			about, none := password.Describe(s.user.PasswordHash)
			i.foreign = none == nil && about != i.usual
		}
	}
	ending.Wait()
}

func storing(s step, err error) error {
	if err != nil {
		return fmt.Errorf("store %s: %w", s.user.Email, err)
	}
	return nil
}
