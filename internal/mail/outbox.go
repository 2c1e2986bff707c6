package mail

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"latchkey/internal/auth"
)

// Queue keeps messages on a disk until they are sent. Several processes may work on one.
type Queue interface {
	// PutMessage adds a message, due at the time; it is on the disk once confirmed.
	PutMessage(ctx context.Context, q auth.QueuedMessage, due time.Time) error
	// NextMessage returns the message that has been due for longest at the time, or ErrNotFound.
	NextMessage(ctx context.Context, now time.Time) (auth.QueuedMessage, error)
	// ClaimMessage counts an attempt and makes the message due again at the time, or returns ErrConflict if another caller did so
	// since it was read.
	ClaimMessage(ctx context.Context, q auth.QueuedMessage, due time.Time) error
	// FinishMessage removes a message.
	FinishMessage(ctx context.Context, id string) error
	// SetAsideMessage keeps a message and makes it never due.
	SetAsideMessage(ctx context.Context, id string) error
}

// Outbox is auth's Outbox over a queue in the same process, and sends in the background. Retry is the wait after a first failure; it
// doubles up to an hour, and after a day a message is set aside.
type Outbox struct {
	// Spread is the longest time that a new message waits, at random. Without it the request after one for a reset takes longer if a mail
	// is made meanwhile: that would tell who is a user.
	Spread time.Duration

	queue  Queue
	mailer *Mailer
	log    *slog.Logger
	retry  time.Duration
	wake   chan struct{}
}

const (
	// DefaultSpread is short for a user who waits for a mail, and long against what making it takes.
	DefaultSpread = 2 * time.Second
	// DefaultRetry exceeds the time that sending may take, so that no message is claimed twice.
	DefaultRetry = time.Minute
	longestRetry = time.Hour
	mostAttempts = 30 // a day: an hour and 24 times an hour
	sendLimit    = 45 * time.Second
	lastSend     = 5 * time.Second // for the delivery that goes on while the program ends
	workers      = 4               // a mail that a server is slow to take delays few others
	pollEvery    = 5 * time.Second // other processes put messages too
)

// NewOutbox returns an outbox over the queue; Run sends what it holds.
func NewOutbox(q Queue, m *Mailer, retry time.Duration) *Outbox {
	return &Outbox{queue: q, mailer: m, log: m.Log, retry: retry, wake: make(chan struct{}, workers)}
}

// Send stores the message, for whatever user, in one write.
func (o *Outbox) Send(ctx context.Context, m auth.Message) error {
	wait := o.randomWait()
	if err := o.queue.PutMessage(ctx, auth.QueuedMessage{ID: auth.NewID(), Message: m}, o.mailer.Now().Add(wait)); err != nil {
		return fmt.Errorf("put the message into the outbox: %w", err)
	}
	time.AfterFunc(wait, o.wakeOne)
	return nil
}

func (o *Outbox) randomWait() time.Duration {
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(o.Spread+1))
}

func (o *Outbox) wakeOne() {
	select {
	case o.wake <- struct{}{}:
	default: // all are awake
	}
}

// Run sends messages as they become due, several at once, until ctx ends; it finishes those that it is sending.
func (o *Outbox) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { o.work(ctx) })
	}
	all.Wait()
}

func (o *Outbox) work(ctx context.Context) {
	poll := time.NewTicker(min(pollEvery, o.retry))
	defer poll.Stop()
	for {
		for ctx.Err() == nil && o.sendNext(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		case <-poll.C:
		}
	}
}

// sendNext delivers one message that is due, and reports whether there may be more.
func (o *Outbox) sendNext(ctx context.Context) (more bool) {
	now := o.mailer.Now()
	q, err := o.queue.NextMessage(ctx, now)
	if errors.Is(err, auth.ErrNotFound) {
		return false
	}
	if err == nil {
		err = o.queue.ClaimMessage(ctx, q, now.Add(o.wait(q.Attempts)))
	}
	if errors.Is(err, auth.ErrConflict) {
		return true
	}
	if err != nil {
		o.log.ErrorContext(ctx, "the outbox cannot be read; trying again", "error", err)
		return false
	}
	q.Attempts++
	ctx, cancel := finishing(ctx)
	defer cancel()
	switch err := o.mailer.Deliver(ctx, q); {
	case err == nil:
		o.note(ctx, q, "finish", o.queue.FinishMessage(ctx, q.ID))
	case errors.Is(err, ErrRefused) || q.Attempts >= mostAttempts:
		o.mailer.record(ctx, q, auth.OutcomeFailed, reasonSetAside)
		o.note(ctx, q, "set aside", o.queue.SetAsideMessage(ctx, q.ID))
	}
	return true
}

// finishing returns a context for one delivery, which goes on for a while after ctx has ended.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	delivery, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendLimit)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lastSend, cancel) })
	return delivery, func() { stop(); cancel() }
}

// note logs a failure to change the queue, after which the message is delivered again.
func (o *Outbox) note(ctx context.Context, q auth.QueuedMessage, what string, err error) {
	if err != nil {
		o.log.ErrorContext(ctx, "the outbox cannot be changed: the mail may be sent twice", "message", q.ID, "change", what, "error", err)
	}
}

// wait is exponential back-off after the attempts so far.
func (o *Outbox) wait(attempts int) time.Duration {
	wait := o.retry
	for range attempts {
		if wait *= 2; wait >= longestRetry {
			return longestRetry
		}
	}
	return wait
}
