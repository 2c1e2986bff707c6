package authtest

import (
	"context"
	"slices"
	"sync"

	"latchkey/internal/auth"
)

// Outbox keeps the messages that a service sends, in memory. The zero value is ready to use.
type Outbox struct {
	mu       sync.Mutex
	messages []auth.Message
	failure  error
}

// Send keeps the message, or returns the error of Fail.
func (o *Outbox) Send(_ context.Context, m auth.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failure == nil {
		o.messages = append(o.messages, m)
	}
	return o.failure
}

// Fail makes every later Send return the error, nil to end that.
func (o *Outbox) Fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failure = err
}

// Messages returns the messages that were sent since the last call, in order.
func (o *Outbox) Messages() []auth.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := slices.Clone(o.messages)
	o.messages = nil
	return sent
}
