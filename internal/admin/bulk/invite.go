package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
	"latchkey/internal/userfile"
)

// InviteStore is what invitations need of the store of users.
type InviteStore interface {
	UserByIdentifier(ctx context.Context, id auth.Identifier) (auth.User, error)
	AllUsers(ctx context.Context) iter.Seq2[auth.User, error]
}

// Inviter sends one invitation, unless one was sent at since or later; auth.Service does.
type Inviter interface {
	Invite(ctx context.Context, u auth.User, since time.Time) (sent bool, err error)
}

// Invite is one run of invitations. Progress and Refused are called in the order of the lines.
type Invite struct {
	Store   InviteStore
	Inviter Inviter
	// Again also invites users whose earlier invitation is still valid.
	Again bool
	// PerSecond is how many are sent in a second at most.
	PerSecond int
	// Mailable reports whether the service that sends the mails takes the address.
	Mailable func(address string) bool
	// Progress is told how many bytes and users are done.
	Progress func(bytes int64, users int)
	// Refused is told why a user is not invited; the line is zero without a file.
	Refused func(line int, why error)

	counts InviteCounts
	since  time.Time // earlier invitations do not count
	next   time.Time // nothing is sent before
}

// InviteCounts are how the users of a run ended: each one is invited, left unchanged, or refused with a reason.
type InviteCounts struct {
	Invited int `json:"invited"`
	// Unchanged is how many have an earlier invitation that is still valid.
	Unchanged int `json:"unchanged"`
	Refused   int `json:"refused"`
}

func (c InviteCounts) users() int { return c.Invited + c.Unchanged + c.Refused }

// InviteUsers runs the invitations over the admin's store, whose inviter it asks for, and leaves one audit record. Without a file it
// invites every pending user with Activate.
func InviteUsers(ctx context.Context, a *admin.Admin, i Invite, file io.Reader, inviter func(admin.Store) (Inviter, error)) (counts InviteCounts, err error) {
	err = a.Audited(ctx, auth.EventUserInvite, func(record *auth.AuditRecord) error {
		return a.WithStore(ctx, func(store admin.Store) error {
			i.Store = store
			if i.Inviter, err = inviter(store); err != nil {
				return err
			}
			counts, err = i.Run(ctx, file)
			record.Invited, record.Unchanged, record.Refused = counts.Invited, counts.Unchanged, counts.Refused
			return err
		})
	})
	return counts, err
}

// Run invites the users of the file's lines, or without a file all pending ones with Activate. The counts are right in
// any case.
func (i *Invite) Run(ctx context.Context, file io.Reader) (counts InviteCounts, err error) {
	// It ends early if the store or the outbox fails or ctx is canceled; the same run then goes on from there.
	if i.Again {
		i.since = time.Now().Truncate(time.Millisecond) // as stores keep times
	}
	if file == nil {
		err = i.inviteAll(ctx)
	} else {
		err = i.inviteLines(ctx, file)
	}
	return i.counts, err
}

func (i *Invite) inviteLines(ctx context.Context, file io.Reader) error {
	for line, err := range userfile.Addresses(file) {
		if ctx.Err() != nil {
			return stoppedAt(line.Number, ctx.Err())
		}
		if err != nil {
			return fmt.Errorf("%w; the lines before it are done", err)
		}
		if err := i.count(line.Number, i.inviteLine(ctx, line)); err != nil {
			return stoppedAt(line.Number, err)
		}
		i.Progress(line.Read, i.counts.users())
	}
	return nil
}

func (i *Invite) inviteLine(ctx context.Context, line userfile.Address) error {
	if line.Err != nil {
		return rejected{line.Err}
	}
	u, err := i.Store.UserByIdentifier(ctx, line.Identifier)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return rejected{fmt.Errorf("there is no user %s", line.Identifier)}
	case err != nil:
		return fmt.Errorf("look up %s: %w", line.Identifier, err)
	}
	return i.invite(ctx, u)
}

func (i *Invite) inviteAll(ctx context.Context) error {
	for u, err := range i.Store.AllUsers(ctx) {
		if err != nil {
			err = fmt.Errorf("read the users: %w", err)
		} else if u.Status == auth.StatusPending && u.Activate {
			err = i.count(0, i.invite(ctx, u))
			i.Progress(0, i.counts.users())
		}
		if err != nil {
			return stopped(fmt.Sprintf("after %d users;", i.counts.users()), err)
		}
	}
	return nil
}

// rejected is why a user is not invited. Any other error ends the run.
type rejected struct{ error }

// invite invites the user, not before the time of the next invitation.
func (i *Invite) invite(ctx context.Context, u auth.User) error {
	switch {
	case u.Status != auth.StatusPending:
		return rejected{fmt.Errorf("%s is not pending but %s", u.Email, u.Status)}
	case !u.Activate:
		return rejected{fmt.Errorf("%s is pending without activate: 'latchkey users update %[1]s --json '{\"activate\":true}'' allows an invitation", u.Email)}
	case !i.Mailable(u.Email):
		return rejected{fmt.Errorf("%s cannot be mailed: SES takes only ASCII before the @", u.Email)}
	}
	if err := i.wait(ctx); err != nil {
		return err
	}
	sent, err := i.Inviter.Invite(ctx, u, i.since)
	if sent {
		i.counts.Invited++
		i.next = time.Now().Add(time.Second / time.Duration(i.PerSecond))
	} else if err == nil {
		i.counts.Unchanged++
	}
	if errors.Is(err, auth.ErrInvitationBegun) {
		return rejected{fmt.Errorf("%s may have a mail: another run is inviting them, or was killed while it did; --again sends another", u.Email)}
	}
	return err
}

// wait returns when the next invitation may be sent, or with ctx.
func (i *Invite) wait(ctx context.Context) error {
	turn := time.NewTimer(time.Until(i.next))
	defer turn.Stop()
	select {
	case <-turn.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// count counts and reports a user who is rejected, and returns any other error.
func (i *Invite) count(line int, err error) error {
	var why rejected
	if !errors.As(err, &why) {
		return err
	}
	i.counts.Refused++
	i.Refused(line, why.error)
	return nil
}
