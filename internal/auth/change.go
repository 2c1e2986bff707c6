package auth

import (
	"context"
	"errors"
)

// The events of operators.
const (
	EventUserAdd       Event = "user_add"
	EventUserImport    Event = "user_import"
	EventUserExport    Event = "user_export"
	EventUserInvite    Event = "user_invite"
	EventUserUpdate    Event = "user_update"
	EventUserDelete    Event = "user_delete"
	EventUserPassword  Event = "user_password"
	EventUserDisable   Event = "user_disable"
	EventUserEnable    Event = "user_enable"
	EventUserUnlock    Event = "user_unlock"
	EventUserFactors   Event = "user_factors"
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

// RecordChange writes the record of an operator's change that ended with err, nil for success. An err that is neither
// ErrNotFound, ErrConflict, ErrUnavailable nor a cancellation is recorded as a request that could not be met.
func RecordChange(ctx context.Context, sink AuditSink, r AuditRecord, err error) error {
	return sink.Record(ctx, r.Ended(changeError(err)))
}

// changeError turns what is wrong with a request into a refusal.
func changeError(err error) error {
	switch {
	case err == nil || errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, ErrConflict):
		return refuse(err, reasonConflict)
	case errors.Is(err, ErrNotFound):
		return refuse(err, reasonNotFound)
	}
	return refuse(err, reasonInvalid)
}
