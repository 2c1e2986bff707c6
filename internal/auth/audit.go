package auth

import (
	"context"
	"errors"
	"log/slog"
)

// Outcomes of an audited event.
const (
	outcomeSuccess = "success"
	outcomeRefused = "refused"
	outcomeFailed  = "failed" // our fault
)

// auditRecord is what the audit says of one event; it has no place for a secret or an address in clear.
type auditRecord struct {
	event, outcome, reason string
	userID, identifierHash string
	actorID, sessionID     string
	source                 Source
	contract, client, kid  string
}

// journal is where audit records go, one for each event and before its answer.
type journal struct{ log *slog.Logger }

func (j journal) write(ctx context.Context, r auditRecord) {
	level := slog.LevelInfo
	if r.outcome == outcomeFailed {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("event", r.event), slog.String("outcome", r.outcome), slog.String("reason", r.reason),
	}
	for _, optional := range []slog.Attr{
		slog.String("user", r.userID), slog.String("identifierHash", r.identifierHash),
		slog.String("actor", r.actorID), slog.String("session", r.sessionID),
		slog.String("source", r.source.String()), slog.String("contract", r.contract),
		slog.String("client", r.client), slog.String("kid", r.kid),
	} {
		if optional.Value.String() != "" {
			attrs = append(attrs, optional)
		}
	}
	j.log.LogAttrs(ctx, level, "audit", attrs...)
}

// ended fills in how the event ended; a refusal has its reason already, else it is named after the error.
func (r auditRecord) ended(err error) auditRecord {
	switch {
	case err == nil:
		r.outcome = outcomeSuccess
		if r.reason == "" {
			r.reason = "ok"
		}
	case errors.Is(err, ErrUnavailable) || r.reason == "" && !isRefusal(err):
		r.outcome, r.reason = outcomeFailed, "unavailable"
		if errors.Is(err, context.Canceled) {
			r.reason = "canceled"
		}
	default:
		r.outcome = outcomeRefused
		if r.reason == "" {
			r.reason = "not_allowed"
		}
	}
	return r
}

func isRefusal(err error) bool {
	return errors.Is(err, ErrImpersonation) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoSession)
}

// record says how the attempt ended.
func (l *login) record(err error) auditRecord {
	r := auditRecord{
		event: "login", reason: l.reason, identifierHash: l.identifierHash,
		source: l.attempt.Source, contract: l.terms.Contract, userID: l.user.ID,
	}
	if l.client.KeyHash != "" {
		r.client = l.client.ID()
	}
	if !l.attempt.Impersonate.IsZero() {
		r.event, r.actorID, r.userID = "impersonation", l.user.ID, l.target.ID
	}
	if err == nil {
		r.sessionID, r.kid = l.session.ID, l.keyID
	}
	return r.ended(err)
}
