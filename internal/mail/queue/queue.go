// Package queue carries messages to the mail function through Amazon SQS: its two ends, which agree on the text of a message.
package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/awscall"
	"latchkey/internal/mail"
)

// Outbox is auth's Outbox over a queue in SQS, which the mail function of the same stack empties. It may be used
// concurrently.
type Outbox struct {
	caller awscall.Caller
	url    string
}

// NewOutbox returns an outbox over the queue at the URL; it calls nothing.
func NewOutbox(c awscall.Caller, url string) Outbox { return Outbox{c, url} }

type sendMessage struct {
	QueueURL string `json:"QueueUrl"`
	Body     string `json:"MessageBody"`
}

// A call is tried twice, each time for up to half of attemptLimit, because a lost connection must not lose a mail.
const (
	attempts     = 2
	attemptLimit = 2 * time.Second
)

// Send puts the message into the queue, which keeps it on several disks.
func (o Outbox) Send(ctx context.Context, m auth.Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode the message: %w", err)
	}
	for range attempts {
		if err = o.send(ctx, string(body)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("put the message into the queue: %w: %w", auth.ErrUnavailable, err)
}

func (o Outbox) send(ctx context.Context, body string) error {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	_, _, err := o.caller.Do(ctx, awscall.Call{
		Service: "sqs", Method: http.MethodPost, Path: "/", Target: "AmazonSQS.SendMessage",
		Document: sendMessage{o.url, body},
	})
	return err
}

// Function is the mail function: it gets batches of messages and delivers each.
type Function struct{ mailer *mail.Mailer }

// NewFunction returns the handler of functions/mail, which delivers by the mailer; it calls nothing before the first
// event.
func NewFunction(m *mail.Mailer) Function { return Function{m} }

// Event is what SQS gives to a function: a batch of messages, each of which may have been given before.
type Event struct {
	Records []Record `json:"Records"`
}

// Record is one message of a batch. Its body is read strictly: it may be forged by a sender with rights to the queue.
type Record struct {
	ID         string `json:"messageId"`
	Source     string `json:"eventSource"`
	Body       string `json:"body"`
	Attributes struct {
		ReceiveCount string `json:"ApproximateReceiveCount"`
	} `json:"attributes"`
}

// Answer names the messages that SQS gives again later, and after some times to the dead-letter queue.
type Answer struct {
	Failures []Failure `json:"batchItemFailures"`
}

// Failure is one message that was not delivered, by its id; SQS gives it again after the visibility timeout of the
// queue.
type Failure struct {
	ID string `json:"itemIdentifier"`
}

// A delivery has deliveryLimit. The last of the function's time is spare for the answer: without one, Lambda would give all messages of the
// batch again, and those that were sent would be sent twice.
const (
	deliveryLimit = 10 * time.Second
	spare         = 2 * time.Second
)

// Handle delivers the messages in turn. Those that fail, and those that the time does not suffice for, are in the answer.
func (f Function) Handle(ctx context.Context, e Event) (Answer, error) {
	if len(e.Records) == 0 {
		return Answer{}, errors.New("mail: not an event of SQS")
	}
	if end, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-spare))
		defer cancel()
	}
	answer := Answer{Failures: []Failure{}}
	for _, r := range e.Records {
		if err := f.deliver(ctx, r); err != nil { // logged and audited
			answer.Failures = append(answer.Failures, Failure{r.ID})
		}
	}
	return answer, nil
}

func (f Function) deliver(ctx context.Context, r Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	received, _ := strconv.Atoi(r.Attributes.ReceiveCount)
	return f.mailer.Deliver(ctx, auth.QueuedMessage{ID: r.ID, Message: parse(r.Body), Attempts: received})
}

// parse returns the message, or one that the mailer refuses if the text is not exactly what Outbox writes.
func parse(body string) (m auth.Message) {
	d := json.NewDecoder(bytes.NewReader([]byte(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return auth.Message{}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return auth.Message{}
	}
	return m
}
