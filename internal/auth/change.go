package auth

import (
	"context"
	"errors"
	"log/slog"
)

// The events of those who run the service.
const (
	EventUserAdd       Event = "user_add"
	EventUserImport    Event = "user_import"
	EventUserExport    Event = "user_export"
	EventUserUpdate    Event = "user_update"
	EventUserDelete    Event = "user_delete"
	EventUserPassword  Event = "user_password"
	EventUserDisable   Event = "user_disable"
	EventUserEnable    Event = "user_enable"
	EventUserUnlock    Event = "user_unlock"
	EventUserSignOut   Event = "user_sign_out"
	EventClientAdd     Event = "client_add"
	EventClientDisable Event = "client_disable"
	EventClientRotate  Event = "client_rotate"
	EventKeyInit       Event = "key_init"
	EventKeyRotate     Event = "key_rotate"
	EventKeyRevoke     Event = "key_revoke"
)

// Reasons that only a change has.
const (
	reasonConflict Reason = "conflict"
	reasonInvalid  Reason = "invalid"
)

// Change is something that those who run the service did, or tried, to a user, a client or the key ring.
type Change struct {
	Event          Event
	UserID         string
	IdentifierHash string // where the user may not be there
	ClientID       string
	NextClientID   string // of EventClientRotate: what takes the client's place
	KeyID          string
	SessionID      string // of EventUserSignOut where it is one session
	Operator       string // who did it, by the name that the machine knows them by

	Added, Updated, Refused, Unchanged int // of EventUserImport
	Exported                           int // of EventUserExport
}

// RecordChange writes the one audit record of a change that ended with the error, or with success where it is nil.
// An error that says neither that something is missing, taken nor unavailable is one about what was asked for.
func RecordChange(ctx context.Context, log *slog.Logger, c Change, err error) {
	r := auditRecord{
		event: c.Event, userID: c.UserID, identifierHash: c.IdentifierHash, client: c.ClientID, kid: c.KeyID, sessionID: c.SessionID,
		outcome: OutcomeRefused,
	}
	switch {
	case errors.Is(err, ErrConflict):
		r.reason = reasonConflict
	case err == nil || isRefusal(err) || errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled):
		r = r.ended(err)
	default:
		r.reason = reasonInvalid
	}
	more := []slog.Attr{slog.String("operator", c.Operator)}
	switch c.Event {
	case EventClientRotate:
		more = append(more, slog.String("next", c.NextClientID))
	case EventUserExport:
		more = append(more, slog.Int("exported", c.Exported))
	case EventUserImport:
		more = append(more, slog.Int("added", c.Added), slog.Int("updated", c.Updated), slog.Int("refused", c.Refused),
			slog.Int("unchanged", c.Unchanged))
	}
	journal{log}.write(ctx, r, more...)
}
