package audit

import (
	"context"
	"log/slog"
	"time"

	"latchkey/internal/auth"
)

// Message is the message of every audit record in a log, and of no other line.
const Message = "audit"

// Log returns a sink that writes each record as one line: at ERROR for our own failures, at WARN for a refusal that needs
// an operator, else at INFO. A line below the log's level is left out.
func Log(log *slog.Logger) auth.AuditSink { return logSink{log.Handler()} }

type logSink struct{ handler slog.Handler }

func (s logSink) Record(ctx context.Context, r auth.AuditRecord) error {
	level := levelOf(r)
	if !s.handler.Enabled(ctx, level) {
		return nil
	}
	line := slog.NewRecord(time.Now(), level, Message, 0)
	line.AddAttrs(attrs(r)...)
	return s.handler.Handle(ctx, line)
}

func levelOf(r auth.AuditRecord) slog.Level {
	switch {
	case r.Outcome == auth.OutcomeFailed:
		return slog.LevelError
	case r.Outcome == auth.OutcomeRefused && r.Err != nil: // the event was not ours: somebody set it up wrongly
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// attrs names the fields; docs/audit.md lists them. Empty ones are left out, counts belong to their events.
func attrs(r auth.AuditRecord) []slog.Attr {
	all := make([]slog.Attr, 0, 25)
	for _, a := range [...]slog.Attr{
		slog.String("event", string(r.Event)), slog.String("outcome", string(r.Outcome)), slog.String("reason", string(r.Reason)),
		slog.String("step", r.Step), slog.String("user", r.UserID), slog.String("identifierHash", r.IdentifierHash),
		slog.String("targetHash", r.TargetHash), slog.String("actor", r.ActorID), slog.String("session", r.SessionID),
		slog.String("source", r.Source.String()), slog.String("contract", r.Contract), slog.String("client", r.ClientID),
		slog.String("amr", r.AMR), slog.String("device", r.DeviceID), slog.String("mail", string(r.Mail)),
		slog.String("kid", r.KeyID), slog.String("operator", r.Operator), slog.String("next", r.NextID),
	} {
		if a.Value.String() != "" {
			all = append(all, a)
		}
	}
	if r.Listed {
		all = append(all, slog.Bool("listed", true))
	}
	if r.DeviceForgotten {
		all = append(all, slog.Bool("deviceForgotten", true))
	}
	switch r.Event {
	case auth.EventUserExport:
		all = append(all, slog.Int("exported", r.Exported))
		if r.OpenFactors {
			all = append(all, slog.Bool("openFactors", true))
		}
	case auth.EventUserInvite:
		all = append(all, slog.Int("invited", r.Invited), slog.Int("refused", r.Refused), slog.Int("unchanged", r.Unchanged))
	case auth.EventUserImport:
		all = append(all, slog.Int("added", r.Added), slog.Int("updated", r.Updated), slog.Int("refused", r.Refused),
			slog.Int("unchanged", r.Unchanged))
	}
	if r.Err != nil {
		all = append(all, slog.Any("error", r.Err))
	}
	return all
}
