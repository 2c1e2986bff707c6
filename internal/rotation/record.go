package rotation

import (
	"errors"

	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

const eventKeyRotation auth.Event = "key_rotation"

// Reasons of a step's record; docs/audit.md says what each means.
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

// record is the audit record of one event.
func record(e event, d done, err error) auth.AuditRecord {
	r := auth.AuditRecord{Event: eventKeyRotation, Outcome: auth.OutcomeSuccess, Reason: d.reason, Step: e.String(), Err: err}
	switch {
	case errors.Is(err, errRefused):
		r.Outcome, r.Reason = auth.OutcomeRefused, auth.ReasonNotAllowed
	case err != nil:
		r.Outcome, r.Reason = auth.OutcomeFailed, auth.ReasonUnavailable
	}
	if d.ring != nil {
		r.KeyID, r.NextID = keyID(d.ring, keyring.Current), keyID(d.ring, keyring.Next)
	}
	return r
}

func keyID(ring *keyring.Ring, state keyring.State) string {
	for _, k := range ring.Facts() {
		if k.State == state {
			return k.KeyID
		}
	}
	return ""
}
