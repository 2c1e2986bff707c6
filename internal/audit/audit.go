// Package audit has the sinks of audit records: a log, a file that may be rotated, and combinations of sinks. Package auth
// decides what a record holds; this package defines the names of its members in a log, on which operators' queries depend.
package audit

import (
	"context"
	"errors"

	"latchkey/internal/auth"
)

// Tee returns a sink that gives each record to all of the sinks; its error joins theirs.
func Tee(sinks ...auth.AuditSink) auth.AuditSink { return tee(sinks) }

type tee []auth.AuditSink

func (t tee) Record(ctx context.Context, r auth.AuditRecord) error {
	var errs []error
	for _, sink := range t {
		errs = append(errs, sink.Record(ctx, r))
	}
	return errors.Join(errs...)
}

// Fallback returns a sink that gives a record to second if first fails to take it, so that it is not lost.
func Fallback(first, second auth.AuditSink) auth.AuditSink { return fallback{first, second} }

type fallback struct{ first, second auth.AuditSink }

func (f fallback) Record(ctx context.Context, r auth.AuditRecord) error {
	if err := f.first.Record(ctx, r); err != nil {
		return f.second.Record(ctx, r)
	}
	return nil
}
