package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"latchkey/internal/auth"
)

// Errors of senders that say that sending the mail again would not help. Any other error means: try again later.
var (
	// ErrAddress: the address cannot be mailed in this way. The mail is dropped.
	ErrAddress = errors.New("mail: the address cannot be mailed")
	// ErrRefused: the message or the mail is refused for good. It is set aside for an operator.
	ErrRefused = errors.New("mail: refused for good")
)

// Sender hands finished mails to whatever delivers them: a folder, an SMTP server or SES. It may be called
// concurrently.
type Sender interface {
	// Send returns once another machine, or a disk, is responsible for the mail. It may be called twice for the same mail.
	Send(ctx context.Context, m Mail) error
}

// Users is the part of the store that finds the user of a notice.
type Users interface {
	// UserByID returns the user, or an error that wraps auth.ErrNotFound.
	UserByID(ctx context.Context, id string) (auth.User, error)
}

// Tokens makes the tokens of links when a mail is made, so that no queue ever holds one; auth.Service does.
type Tokens interface {
	// MailToken returns the user and a token, or auth.ErrNotFound if the mail is to be dropped; see auth.Service.
	MailToken(ctx context.Context, userID string, kind auth.MessageKind, repeated bool) (auth.User, string, error)
}

// Config is what a Mailer is made of. Every field but Now is required, and nothing is called before the first message.
type Config struct {
	Writer Writer
	Sender Sender
	Users  Users
	Tokens Tokens
	Audit  auth.AuditSink
	Log    *slog.Logger
	Now    func() time.Time // nil: the real clock
}

// Mailer turns messages into mails and sends them. It holds no state: any number may work on one queue.
type Mailer struct{ Config }

// New returns a mailer; it starts nothing and calls nothing. Messages reach it through Deliver, from an Outbox or a
// function.
func New(c Config) *Mailer {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Mailer{c}
}

// Reasons of a mail's record; docs/audit.md says what each means.
const (
	reasonDropped auth.Reason = "dropped"
	reasonAddress auth.Reason = "address"
	reasonRefused auth.Reason = "mail_refused"

	reasonSetAside auth.Reason = "set_aside"
)

// Deliver sends the mail that the message asks for, or drops it, and returns nil. An error that wraps ErrRefused is final; after
// any other the caller delivers the message again later. It writes one audit record, without the address.
func (m *Mailer) Deliver(ctx context.Context, q auth.QueuedMessage) error {
	reason, err := m.deliver(ctx, q)
	outcome := auth.OutcomeRefused
	switch {
	case errors.Is(err, ErrRefused):
		reason = reasonRefused
	case err != nil:
		outcome, reason = auth.OutcomeFailed, auth.ReasonUnavailable
	case reason == auth.ReasonOK:
		outcome = auth.OutcomeSuccess
	}
	if err != nil {
		m.Log.ErrorContext(ctx, "a mail was not sent", "mail", string(q.Message.Kind), "message", q.ID, "attempt", q.Attempts, "error", err)
	}
	m.record(ctx, q, outcome, reason)
	return err
}

func (m *Mailer) record(ctx context.Context, q auth.QueuedMessage, o auth.Outcome, reason auth.Reason) {
	r := auth.AuditRecord{Event: auth.EventMail, Mail: q.Message.Kind, UserID: q.Message.UserID, Outcome: o, Reason: reason}
	if lost := m.Audit.Record(ctx, r); lost != nil {
		m.Log.ErrorContext(ctx, "an audit record was lost", "event", string(r.Event), "error", lost)
	}
}

// deliver returns the reason of a mail that was sent or dropped.
func (m *Mailer) deliver(ctx context.Context, q auth.QueuedMessage) (auth.Reason, error) {
	if !slices.Contains(Kinds(), q.Message.Kind) || q.Message.UserID == "" && !q.Message.Drop {
		return "", fmt.Errorf("%w: not a message of this service", ErrRefused)
	}
	if q.Message.Drop {
		return reasonDropped, nil
	}
	to, token, err := m.recipient(ctx, q)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return reasonDropped, nil
	case err != nil:
		return "", err
	}
	written, err := m.Writer.Write(Letter{ID: q.ID, Kind: q.Message.Kind, To: to, Token: token, At: m.Now()})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRefused, err)
	}
	switch err := m.Sender.Send(ctx, written); {
	case errors.Is(err, ErrAddress):
		return reasonAddress, nil
	case err != nil:
		return "", fmt.Errorf("send: %w", err)
	}
	return auth.ReasonOK, nil
}

func (m *Mailer) recipient(ctx context.Context, q auth.QueuedMessage) (u auth.User, token string, err error) {
	if HasLink(q.Message.Kind) {
		return m.Tokens.MailToken(ctx, q.Message.UserID, q.Message.Kind, q.Attempts > 1)
	}
	u, err = m.Users.UserByID(ctx, q.Message.UserID)
	return u, "", err
}
