package rotation

import (
	"context"
	"errors"
	"log/slog"

	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

const eventKeyRotation auth.Event = "key_rotation"

// What a step did, where it neither failed nor was as usual; docs/audit.md says what each means.
const (
	reasonFirstRing      auth.Reason = "first_ring"
	reasonRotated        auth.Reason = "rotated"
	reasonTooSoon        auth.Reason = "too_soon"
	reasonPendingAlready auth.Reason = "pending_already"
	reasonNothingToSet   auth.Reason = "nothing_to_set"
	reasonNothingPending auth.Reason = "nothing_pending"
	reasonInUse          auth.Reason = "in_use"
	reasonCurrentAlready auth.Reason = "current_already"
)

// record writes what became of one event, in the words of the audit of sign-ins.
func (r *Rotator) record(ctx context.Context, e event, d done, err error) {
	level, outcome := slog.LevelInfo, auth.OutcomeSuccess
	switch {
	case errors.Is(err, errRefused):
		level, outcome, d.reason = slog.LevelWarn, auth.OutcomeRefused, auth.ReasonNotAllowed
	case err != nil:
		level, outcome, d.reason = slog.LevelError, auth.OutcomeFailed, auth.ReasonUnavailable
	}
	attrs := []slog.Attr{
		slog.String("event", string(eventKeyRotation)), slog.String("outcome", outcome), slog.String("reason", string(d.reason)),
		slog.String("step", e.String()),
	}
	if d.ring != nil {
		attrs = append(attrs, slog.String("kid", keyID(d.ring, keyring.Current)), slog.String("next", keyID(d.ring, keyring.Next)))
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	r.Log.LogAttrs(ctx, level, auth.AuditMessage, attrs...)
}

func keyID(ring *keyring.Ring, state keyring.State) string {
	for _, k := range ring.Facts() {
		if k.State == state {
			return k.KeyID
		}
	}
	return ""
}
