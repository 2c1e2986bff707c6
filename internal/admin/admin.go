// Package admin is what operators do to users, API clients and signing keys. An operation opens the store, decides,
// writes, and leaves its audit record here; asking people and printing results is left to its caller.
package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

// Store is an open store with all that operators change in it; an Admin closes it after each operation.
type Store interface {
	auth.Store
	io.Closer
}

// Config says where an Admin finds what it changes. Every field is required unless it says so, and nothing is opened before an
// operation needs it.
type Config struct {
	// OpenStore opens the store for one operation, which closes it. An absent one is created if create is set, else it is
	// auth.ErrNotFound. StoreName is how messages name it.
	OpenStore func(ctx context.Context, create bool) (Store, error)
	StoreName string
	// OpenRing opens the place of the key ring for one operation, which closes it; RingName is how messages name it.
	OpenRing func(ctx context.Context) (keyring.Changer, io.Closer, error)
	RingName string
	// Keys compute the keyed hashes under which failed sign-ins are kept.
	Keys auth.Keys
	// Throttle has the limits by which failed sign-ins are judged.
	Throttle auth.Limits

	// Notify sends a mail to a user about what an operator did; nil: mails, or notices, are off.
	Notify func(ctx context.Context, store Store, m auth.Message) error
	// Warn is told what an operation could not do although it succeeded.
	Warn func(error)

	Audit    auth.AuditSink // nil if nothing is to be changed
	Operator string         // who makes the changes, for the audit
	Now      func() time.Time
}

// Admin does what operators ask for. Errors are written for operators and wrap auth's sentinels.
type Admin struct{ Config }

// New returns an Admin of the config; nothing is opened yet.
func New(c Config) *Admin { return &Admin{c} }

// Audited makes a change and writes its one audit record, also after ctx is canceled.
func (a *Admin) Audited(ctx context.Context, event auth.Event, act func(*auth.AuditRecord) error) error {
	record := auth.AuditRecord{Event: event, Operator: a.Operator}
	err := act(&record)
	if lost := auth.RecordChange(context.WithoutCancel(ctx), a.Audit, record, err); lost != nil {
		return errors.Join(err, fmt.Errorf("it is done, and the audit record could not be written: %w", lost))
	}
	return err
}

// change is Audited over the open store, which must exist.
func (a *Admin) change(ctx context.Context, event auth.Event, act func(Store, *auth.AuditRecord) error) error {
	return a.Audited(ctx, event, func(record *auth.AuditRecord) error {
		return a.WithStore(ctx, func(store Store) error { return act(store, record) })
	})
}

// create is Audited over the open store, which is created if it is absent.
func (a *Admin) create(ctx context.Context, event auth.Event, act func(Store, *auth.AuditRecord) error) error {
	return a.Audited(ctx, event, func(record *auth.AuditRecord) error {
		return a.WithNewStore(ctx, func(store Store) error { return act(store, record) })
	})
}

// WithStore opens a store that must exist for act, and closes it.
func (a *Admin) WithStore(ctx context.Context, act func(Store) error) error {
	return a.withStore(ctx, false, act)
}

// WithNewStore is WithStore, and creates the store if it is absent.
func (a *Admin) WithNewStore(ctx context.Context, act func(Store) error) error {
	return a.withStore(ctx, true, act)
}

func (a *Admin) withStore(ctx context.Context, create bool, act func(Store) error) error {
	store, err := a.OpenStore(ctx, create)
	if err != nil {
		return err
	}
	defer store.Close()
	return act(store)
}

// explained is a domain error with a text for the operator.
type explained struct {
	text string
	kind error
}

func explain(kind error, format string, args ...any) error {
	return explained{fmt.Sprintf(format, args...), kind}
}

func (e explained) Error() string { return e.text }

// Unwrap lets errors.Is find the kind.
func (e explained) Unwrap() error { return e.kind }
