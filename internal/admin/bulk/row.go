package bulk

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/userfile"
)

// action is what an import does about a line that it does not refuse.
type action int

const (
	keep action = iota // the stored user is as the line says
	add
	replace
)

// row is one line on its way through an import.
type row struct {
	number int
	entry  userfile.Entry

	stored auth.User // zero: nobody, or not looked up
	action action
	user   auth.User // to write
	ends   bool      // the user's sessions end
	err    error
}

// lookUp reads the stored users who have the ids or the addresses of the rows. A guess leaves out rows whose writing
// costs nothing if it turns out wrong.
func (i *Import) lookUp(ctx context.Context, rows []*row, guess bool) {
	var asked []*row
	var users []auth.User
	for _, r := range rows {
		r.stored, r.action, r.err = auth.User{}, keep, nil
		if !guess || r.entry.Password != "" {
			asked, users = append(asked, r), append(users, r.entry.User)
		}
	}
	if len(users) == 0 {
		return
	}
	found, err := i.Store.Existing(ctx, users)
	if err != nil {
		for _, r := range rows {
			r.err = fmt.Errorf("look the users up: %w", err)
		}
		return
	}
	for n, r := range asked {
		r.stored = found[n]
	}
}

// decide says for each row what is to be written. Rows that take a hash are decided on all processors.
func (i *Import) decide(ctx context.Context, rows []*row) {
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for _, r := range rows {
		switch {
		case r.err != nil:
		case r.stored.ID == "" && r.entry.Password == "":
			r.err = i.create(ctx, r, r.entry.User.PasswordHash)
		default:
			all.Go(func() error {
				r.err = i.decideOne(ctx, r)
				return nil
			})
		}
	}
	all.Wait()
}

func (i *Import) decideOne(ctx context.Context, r *row) error {
	stored, line := r.stored, r.entry.User
	switch {
	case stored.ID == "":
		hash, err := i.hash(ctx, r.entry.Password)
		if err != nil {
			return err
		}
		return i.create(ctx, r, hash)
	case stored.Identifier != line.Identifier:
		return fmt.Errorf("the id %s is another user's", line.ID)
	case !r.entry.NewID && line.ID != stored.ID:
		return fmt.Errorf("%s has the id %s, and the line says %s", stored.Email, stored.ID, line.ID)
	case i.Update:
		return i.replace(ctx, r)
	}
	return i.compare(ctx, r)
}

func (i *Import) create(ctx context.Context, r *row, hash string) (err error) {
	r.action, r.user = add, auth.NewUser(r.entry.User, i.Now())
	r.user.PasswordHash = hash
	r.user.Factors, err = i.factors(ctx, r.entry)
	return err
}

// compare returns an error if the stored user differs from the line. A plain password is compared only with that of an
// earlier line, because it takes a hash; a hash is not compared with one that a sign-in put in its place.
func (i *Import) compare(ctx context.Context, r *row) error {
	u := r.entry.Replacing(r.stored)
	if u.PasswordHash == "" || i.renewed(r.stored, u.PasswordHash) {
		u.PasswordHash = r.stored.PasswordHash
	}
	differing, err := userfile.Differences(u, r.stored)
	if err != nil {
		return err
	}
	twice := !r.stored.CreatedAt.Before(i.began)
	if twice && r.entry.Password != "" {
		same, _, err := i.Hasher.Verify(ctx, r.stored.PasswordHash, r.entry.Password)
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
		return fmt.Errorf("%s already exists, from an earlier line, and differs in %s", u.Email, strings.Join(differing, ", "))
	}
	return fmt.Errorf("%s already exists and differs in %s; --update replaces it", u.Email, strings.Join(differing, ", "))
}

// renewed reports whether a sign-in may have replaced the line's hash by the stored one: nobody set a password since the
// user was created, and the stored hash is as new ones are while the line's is not.
func (i *Import) renewed(stored auth.User, line string) bool {
	if stored.Version > 1 && stored.UpdatedAt.Equal(stored.CreatedAt) { // a renewal alone leaves the time
		return true
	}
	before, err := password.Describe(line)
	now, bad := password.Describe(stored.PasswordHash)
	return err == nil && bad == nil && before != now && now == i.NewHashes &&
		stored.EpochUnchanged()
}

// replace puts the line's user in the place of the stored one, if they differ.
func (i *Import) replace(ctx context.Context, r *row) error {
	u, stored := r.entry.Replacing(r.stored), r.stored
	var err error
	if u.PasswordHash, err = i.newHash(ctx, stored, r.entry); err != nil {
		return err
	}
	differing, err := userfile.Differences(u, stored)
	if err != nil || len(differing) == 0 {
		return err
	}
	r.action, r.user = replace, stored.Changed(u, i.Now())
	r.ends = r.user.EndsSessions(stored)
	return nil
}

// newHash returns the line's hash or that of its password. The stored hash stays if the line has neither, or the same
// password: a file that is imported every night must not end everybody's sessions.
func (i *Import) newHash(ctx context.Context, stored auth.User, entry userfile.Entry) (string, error) {
	switch {
	case entry.User.PasswordHash != "":
		return entry.User.PasswordHash, nil
	case entry.Password == "":
		return stored.PasswordHash, nil
	case stored.PasswordHash != "":
		same, _, err := i.Hasher.Verify(ctx, stored.PasswordHash, entry.Password)
		if same || err != nil {
			return stored.PasswordHash, err
		}
	}
	return i.hash(ctx, entry.Password)
}

func (i *Import) hash(ctx context.Context, plain string) (string, error) {
	hash, err := i.Hasher.Hash(ctx, plain)
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return hash, nil
}

// write stores the users of the rows, new and replaced ones in one call each.
func (i *Import) write(ctx context.Context, rows []*row) {
	for _, w := range []struct {
		action action
		store  func(context.Context, []auth.User) []error
	}{{add, i.Store.CreateUsers}, {replace, i.Store.UpdateUsers}} {
		var some []*row
		var users []auth.User
		for _, r := range rows {
			if r.err == nil && r.action == w.action {
				some, users = append(some, r), append(users, r.user)
			}
		}
		if len(some) == 0 {
			continue
		}
		for n, err := range w.store(ctx, users) {
			some[n].err = storing(users[n], err)
		}
	}
}

// countHash notes what the operator has to know of the hash that the line brought.
func (i *Import) countHash(r *row) {
	hash := r.entry.User.PasswordHash
	about, err := password.Describe(hash)
	if r.action == keep || err != nil {
		return
	}
	i.counts.ForeignHashes = i.counts.ForeignHashes || about != i.NewHashes
	if password.CutsAt72(hash) {
		i.counts.BcryptHashes++
	}
}

// endingAtOnce is of how many users sessions are ended concurrently: over a network each takes a round trip.
const endingAtOnce = 16

func (i *Import) endSessions(ctx context.Context, rows []*row) {
	var all errgroup.Group
	all.SetLimit(endingAtOnce)
	for _, r := range rows {
		if r.err != nil || r.action != replace || !r.ends {
			continue
		}
		all.Go(func() error {
			err := i.Store.EndSessions(ctx, r.user.ID, "")
			if err == nil && i.Ended != nil {
				err = i.Ended(ctx, r.user)
			}
			r.err = storing(r.user, err)
			return nil
		})
	}
	all.Wait()
}

func storing(u auth.User, err error) error {
	if err != nil {
		return fmt.Errorf("store %s: %w", u.Email, err)
	}
	return nil
}
