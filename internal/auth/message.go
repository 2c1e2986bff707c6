package auth

import "context"

// MessageKind says what a mail to a user is about, and so which text it gets and whether it carries a token.
type MessageKind string

// The kinds of mails. The first two carry a link with a token, which the mailer makes; the others are notices.
const (
	MessageReset           MessageKind = "reset"
	MessageInvite          MessageKind = "invite"
	MessagePasswordChanged MessageKind = "password_changed"
	MessageFactorAdded     MessageKind = "factor_added"
	MessageFactorRemoved   MessageKind = "factor_removed"
	MessageWrongCodes      MessageKind = "wrong_codes"
	MessageSessionsEnded   MessageKind = "sessions_ended"
	MessageSignIn          MessageKind = "sign_in" // from a source that the user had not signed in from
)

// Message is one mail to be made and sent later. It names the user only by id, so that a queue holds no address and no token.
type Message struct {
	Kind   MessageKind `json:"kind"`
	UserID string      `json:"user"` // the mailer drops messages to users that do not exist
	Drop   bool        `json:"drop"` // the mailer drops it; it was sent so that every request does the same work
}

// QueuedMessage is a message that waits to be sent, under an id of its queue.
type QueuedMessage struct {
	ID       string
	Message  Message
	Attempts int // how many times its delivery has begun
}

// Outbox takes messages for sending later. A message is durable once Send returns; sending it is retried until it succeeds or
// is set aside for an operator. The time that Send takes does not depend on the message.
type Outbox interface {
	// Send hands the message over. A failure wraps ErrUnavailable.
	Send(ctx context.Context, m Message) error
}
