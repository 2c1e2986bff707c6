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

func (s *Service) record(ctx context.Context, r auditRecord) {
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
	s.log.LogAttrs(ctx, level, "audit", attrs...)
}

// record says how the attempt ended. A refused one names the user only by the hash of what was typed.
func (l *login) record(err error) auditRecord {
	r := auditRecord{
		event: "login", outcome: outcomeSuccess, reason: "ok", identifierHash: l.identifierHash,
		source: l.attempt.Source, contract: l.terms.Contract, userID: l.user.ID,
	}
	if l.client.KeyHash != "" {
		r.client = l.client.ID()
	}
	if !l.attempt.Impersonate.IsZero() {
		r.event, r.actorID, r.userID = "impersonation", l.user.ID, l.target.ID
	}
	switch {
	case err == nil:
		r.sessionID, r.kid = l.session.ID, l.keyID
	case l.reason != "":
		r.outcome, r.reason = outcomeRefused, l.reason
	case errors.Is(err, context.Canceled):
		r.outcome, r.reason = outcomeFailed, "canceled"
	default:
		r.outcome, r.reason = outcomeFailed, "unavailable"
	}
	return r
}
