// Package bulk moves many users at once: import with a dry run, export, and the census of their password hashes.
package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
	"latchkey/internal/userfile"
)

// ImportStore is what an import needs of the store of users.
type ImportStore interface {
	Existing(ctx context.Context, users []auth.User) ([]auth.User, error)
	CreateUsers(ctx context.Context, users []auth.User) []error
	UpdateUsers(ctx context.Context, users []auth.User) []error
	EndSessions(ctx context.Context, userID, last string) error
}

// Import is one import of users. Progress and Refused are called in the order of the lines.
type Import struct {
	Store  ImportStore
	Hasher auth.Passwords
	// NewHashes is what password.Describe says of the hashes that sign-ins make.
	NewHashes string
	Update    bool // replace stored users that differ from their lines
	// Seeds seals and opens the seeds of second factors. WithoutFactors imports users without theirs.
	Seeds          Seeds
	WithoutFactors bool
	RelyingParty   string // whose passkeys are imported
	// Progress is told how many bytes and users are done.
	Progress func(bytes int64, users int)
	// Refused is told why a line is not stored, once if the whole file has another format.
	Refused func(line int, why error)
	// Ended is called for each user whose sessions were ended; nil for nothing.
	Ended func(ctx context.Context, u auth.User) error
	Now   func() time.Time

	began    time.Time
	existing bool // most users of the last lines were stored before
	counts   Counts
	refusals refusals
}

// Counts are how the lines of an import ended, and what an operator should know of the hashes and factors it brought.
type Counts struct {
	Added     int `json:"added"`
	Updated   int `json:"updated"`
	Refused   int `json:"refused"`
	Unchanged int `json:"unchanged"`

	// ForeignHashes: some lines brought hashes that take another time to verify than new ones.
	ForeignHashes bool `json:"foreignHashes"`
	// BcryptHashes counts the stored bcrypt hashes, whose users cannot sign in with more than 72 bytes.
	BcryptHashes int `json:"bcryptHashes"`
	// Factors is how many users were added with second factors; they have no recovery codes.
	Factors int `json:"factors,omitzero"`
	// DemoUsers is how many lines that were not refused have the id of a demo user, whose password everybody knows.
	DemoUsers int `json:"demoUsers"`
}

func (c Counts) users() int { return c.Added + c.Updated + c.Unchanged + c.Refused }

// Run imports every line of the file. It ends early if the store fails or ctx is canceled; the counts are right in any
// case.
func (i *Import) Run(ctx context.Context, in io.Reader) (Counts, error) {
	// A line is read, compared with the stored user, written, and counted, so that the same import goes on where an
	// earlier one ended.
	i.began = i.Now().Truncate(time.Millisecond) // as stores keep times
	last, read := 0, int64(0)
	for batch, err := range userfile.Read(ctx, in) {
		if ctx.Err() != nil {
			return i.counts, stoppedAt(last+1, ctx.Err())
		}
		if err != nil {
			return i.counts, fmt.Errorf("%w; the lines before it are done", err)
		}
		done := 0
		for lines := range groups(batch.Lines, last == 0) {
			if err := i.group(ctx, lines); err != nil {
				return i.counts, err
			}
			done += len(lines)
			i.Progress(read+(batch.Read-read)*int64(done)/int64(len(batch.Lines)), i.counts.users())
		}
		last, read = batch.Last, batch.Read
	}
	return i.counts, nil
}

// maxHashes is how many passwords are hashed before their users are stored: some seconds of work to lose.
const maxHashes = 32

// groups splits the lines so that no group names a user twice: the later line then finds the earlier one stored. At the
// beginning of a file the first group is short, because a file in a wrong format shows it there.
func groups(lines []userfile.Line, beginning bool) iter.Seq[[]userfile.Line] {
	return func(yield func([]userfile.Line) bool) {
		seen, hashes, from := map[string]bool{}, 0, 0
		for k, line := range lines {
			if beginning && k == maxAlike {
				if !yield(lines[from:k]) {
					return
				}
				clear(seen)
				hashes, from = 0, k
			}
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

// maxRounds bounds how often a line starts over while others change its user, as a sign-in does that renews a hash.
const maxRounds = 5

// group imports lines that name each user once: all are looked up, decided, written and counted together.
func (i *Import) group(ctx context.Context, lines []userfile.Line) error {
	rows := make([]*row, len(lines))
	for k, line := range lines {
		rows[k] = &row{number: line.Number, entry: line.Entry, err: line.Err}
	}
	open := slices.DeleteFunc(slices.Clone(rows), func(r *row) bool { return r.err != nil })
	for round := 0; round < maxRounds && len(open) > 0; round++ {
		// In most imports nobody is stored yet: guess so, and look up users that the store then refuses.
		guess := round == 0 && !i.Update && !i.existing
		i.lookUp(ctx, open, guess)
		i.decide(ctx, open)
		i.write(ctx, open)
		i.endSessions(ctx, open)
		if round == 0 {
			i.existing = 2*countAdded(open) < len(open)
		}
		open = slices.DeleteFunc(open, func(r *row) bool { return !errors.Is(r.err, auth.ErrConflict) })
	}
	for _, r := range open {
		r.err = fmt.Errorf("%s was changed by others each time; import it again", r.entry.User.Email)
	}
	return i.count(rows)
}

func countAdded(rows []*row) (n int) {
	for _, r := range rows {
		if r.action == add && r.err == nil {
			n++
		}
	}
	return n
}

// count counts how the lines ended and reports refusals, in the order of the lines. The first line that met a failure of the
// store ends the import; refusals after it are left for the next one.
func (i *Import) count(rows []*row) error {
	var stop error
	for _, r := range rows {
		switch {
		case errors.Is(r.err, auth.ErrUnavailable) || errors.Is(r.err, context.Canceled):
			if stop == nil {
				stop = stoppedAt(r.number, r.err)
			}
		case r.err != nil && stop == nil:
			i.counts.Refused++
			if i.refusals.add(r.err) {
				i.Refused(r.number, r.err)
			}
		case r.err != nil:
		case r.action == add:
			i.counts.Added++
			if r.user.Factors.Any() {
				i.counts.Factors++
			}
		case r.action == replace:
			i.counts.Updated++
		default:
			i.counts.Unchanged++
		}
		if r.err == nil {
			i.countHash(r)
			if admin.IsDemo(r.entry.User.ID) {
				i.counts.DemoUsers++
			}
		}
	}
	if stop == nil {
		stop = i.refusals.hopeless(i.counts)
	}
	return stop
}

// interrupted is a cancellation with a message for the operator.
type interrupted struct{ text string }

func (e interrupted) Error() string { return e.text }

// Unwrap lets errors.Is find the cancellation.
func (e interrupted) Unwrap() error { return context.Canceled }

// stoppedAt is an error that ended the work on a file.
func stoppedAt(line int, err error) error {
	return stopped(fmt.Sprintf("at line %d; the lines before it are done, and", line), err)
}

// stopped is an error that ended a run, in which where says how far it came.
func stopped(where string, err error) error {
	const rest = "the same command goes on from there"
	if errors.Is(err, context.Canceled) {
		return interrupted{"interrupted " + where + " " + rest}
	}
	return fmt.Errorf("stopped %s %s: %w", where, rest, err)
}
