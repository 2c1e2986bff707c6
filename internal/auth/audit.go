package auth

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
)

// Event is what an audit record is about; docs/audit.md says what each means.
type Event string

// The events of the service; those of its operators are in change.go.
const (
	EventLogin           Event = "login"
	EventImpersonation   Event = "impersonation"
	eventLoginFactor     Event = "login_factor"
	eventLoginPasskey    Event = "login_passkey"
	EventFactorAdd       Event = "factor_add"
	EventFactorRemove    Event = "factor_remove"
	EventRecoveryReplace Event = "recovery_replace"
	EventPasswordChange  Event = "password_change"
	EventResetRequest    Event = "reset_request"
	EventPasswordReset   Event = "password_reset"
	EventMail            Event = "mail"   // one attempt to deliver a mail, or the end of them
	EventNotice          Event = "notice" // the outbox did not take a notice
	eventResetMail       Event = "reset_mail"
	eventInviteMail      Event = "invite_mail"
	eventRefresh         Event = "refresh"
	eventRefreshReplayed Event = "refresh_replayed"
	eventLogout          Event = "logout"
	eventLogoutAll       Event = "logout_all"
	eventSessionEnd      Event = "session_end"
	eventDeviceEnd       Event = "device_end"
)

// Reason says why an event ended as it did: a stable word for queries, finer than what clients may know.
type Reason string

// The reasons; changes have two more.
const (
	ReasonOK          Reason = "ok"
	ReasonUnavailable Reason = "unavailable"
	ReasonCanceled    Reason = "canceled"
	reasonNotFound    Reason = "not_found"
	ReasonNotAllowed  Reason = "not_allowed"

	ReasonUnknownUser         Reason = "unknown_user"
	reasonWrongPassword       Reason = "wrong_password"
	reasonNotReady            Reason = "not_ready"
	reasonWrongRole           Reason = "wrong_role"
	reasonClientMissing       Reason = "client_missing"
	reasonClientUnknown       Reason = "client_unknown"
	reasonImpersonationRole   Reason = "impersonation_role"
	reasonImpersonationTarget Reason = "impersonation_target"
	reasonThrottledPair       Reason = "throttled_user_source"
	reasonThrottledUser       Reason = "throttled_user"
	reasonThrottledSource     Reason = "throttled_source"
	reasonThrottledCode       Reason = "throttled_code"
	reasonThrottledDevice     Reason = "throttled_device"
	reasonFactorMissing       Reason = "factor_missing"
	reasonWrongCode           Reason = "wrong_code"
	reasonWrongAssertion      Reason = "wrong_assertion"
	reasonCounter             Reason = "counter"
	reasonStepUp              Reason = "step_up"
	reasonTooMany             Reason = "too_many"
	reasonPasswordRefused     Reason = "password_refused"
	reasonAddressChanged      Reason = "address_changed"

	reasonGrace           Reason = "grace"
	reasonRetry           Reason = "retry"
	reasonMalformed       Reason = "malformed"
	reasonForged          Reason = "forged"
	reasonReplayed        Reason = "replayed"
	reasonSessionUnknown  Reason = "session_unknown"
	reasonExpired         Reason = "expired"
	reasonPasswordChanged Reason = "password_changed"
)

// Throttled reports whether one of the limits of failed sign-ins or of wrong codes is the reason.
func (r Reason) Throttled() bool {
	switch r {
	case reasonThrottledPair, reasonThrottledUser, reasonThrottledSource, reasonThrottledCode, reasonThrottledDevice:
		return true
	}
	return false
}

// Outcome is how an audited event ended, in one word for dashboards.
type Outcome string

// The outcomes; docs/audit.md says what each means.
const (
	OutcomeSuccess Outcome = "success"
	OutcomeRefused Outcome = "refused"
	OutcomeFailed  Outcome = "failed" // our fault
	// OutcomeChallenged: the password was right, and a second factor is needed.
	OutcomeChallenged Outcome = "challenged"
)

// sessionContract is the contract in the records of the session endpoints.
const sessionContract = "session"

// AuditRecord is what the audit keeps of one event; it has no field for a secret or for an address in clear. Fields that do
// not apply are zero.
type AuditRecord struct {
	Event   Event
	Outcome Outcome
	Reason  Reason

	UserID          string // the user it is about; of an impersonation the target
	IdentifierHash  string // IdentifierHash of the typed address
	TargetHash      string // IdentifierHash of the address to impersonate
	ActorID         string // the impersonator
	SessionID       string
	Source          Source
	Contract        string
	ClientID        string      // Client.ID
	KeyID           string      // the key that signed, or that was changed
	NextID          string      // what follows a rotated key or client
	Listed          bool        // the password is one that attackers try first
	AMR             string      // how the caller of a successful sign-in was authenticated, with commas between
	DeviceID        string      // the remembered device that an attempt came with, or that was remembered or forgotten
	DeviceForgotten bool        // the device has failed too often
	Mail            MessageKind // of a mail

	Operator                           string // who made a change, by their name on the machine
	Added, Updated, Refused, Unchanged int    // of EventUserImport; the last two of EventUserInvite
	Invited                            int    // of EventUserInvite
	Exported                           int    // of EventUserExport
	OpenFactors                        bool   // of EventUserExport: with the seeds of authenticator apps in clear

	Step string // of a key rotation: one of Secrets Manager's four
	Err  error  // of a key rotation: why the step failed
}

// AuditSink keeps audit records: in a log, in a file, as counts.
type AuditSink interface {
	// Record returns once the record is written, or an error if it is lost. It may be called concurrently.
	Record(ctx context.Context, r AuditRecord) error
}

// Ended returns the record with the outcome and reason of an event that ended with err. An error that is not a refusal is
// our fault; a reason that was set before counts for successes only.
func (r AuditRecord) Ended(err error) AuditRecord {
	var refused *refusal
	switch {
	case err == nil:
		r.Outcome, r.Reason = OutcomeSuccess, cmp.Or(r.Reason, ReasonOK)
	case isChallenge(err):
		r.Outcome, r.Reason = OutcomeChallenged, reasonFactorMissing
	case errors.As(err, &refused):
		r.Outcome, r.Reason = OutcomeRefused, refused.reason
	case errors.Is(err, context.Canceled):
		r.Outcome, r.Reason = OutcomeFailed, ReasonCanceled
	default:
		r.Outcome, r.Reason = OutcomeFailed, ReasonUnavailable
	}
	return r
}

// auditor writes one record for each event, before its answer.
type auditor struct {
	sink AuditSink
	log  *slog.Logger
}

var errPanic = errors.New("auth: panic")

// audited calls do, which may fill in the record, and then writes it. A panic of do is recorded as a failure and goes on.
func (a auditor) audited(ctx context.Context, r *AuditRecord, do func() error) error {
	err := errPanic
	defer func() { a.record(ctx, r.Ended(err)) }()
	err = do()
	return err
}

func (a auditor) record(ctx context.Context, r AuditRecord) {
	if lost := a.sink.Record(ctx, r); lost != nil {
		a.log.ErrorContext(ctx, "an audit record was lost", "event", string(r.Event), "error", lost)
	}
}

// IdentifierHash returns what stands for the identifier in audit records: a keyed hash, the same for every spelling.
func IdentifierHash(ctx context.Context, keys Keys, id Identifier) (string, error) {
	mac, err := keys.MAC(ctx, "identifier", id.String())
	if err != nil {
		return "", fmt.Errorf("hash the identifier: %w", err)
	}
	return hex.EncodeToString(mac[:16]), nil
}
