package auth

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// AuditMessage is the message of every audit record in the log, and of nothing else.
const AuditMessage = "audit"

// Event is what an audit record is about; docs/audit.md says what each means.
type Event string

// The events of the service; those of its operators are in change.go. Whoever counts or adds to the records needs the
// exported ones, and so with reasons and outcomes.
const (
	EventLogin           Event = "login"
	EventImpersonation   Event = "impersonation"
	eventRefresh         Event = "refresh"
	eventRefreshReplayed Event = "refresh_replayed"
	eventLogout          Event = "logout"
	eventLogoutAll       Event = "logout_all"
	eventSessionEnd      Event = "session_end"
)

// Reason says why an event ended as it did: a stable word for queries, finer than what clients are told.
type Reason string

// The reasons; changes have two of their own.
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

	reasonGrace           Reason = "grace"
	reasonMalformed       Reason = "malformed"
	reasonForged          Reason = "forged"
	reasonReplayed        Reason = "replayed"
	reasonSessionUnknown  Reason = "session_unknown"
	reasonExpired         Reason = "expired"
	reasonPasswordChanged Reason = "password_changed"
)

// Throttled reports whether a limit of failed sign-ins is the reason, whichever of the three.
func (r Reason) Throttled() bool {
	return r == reasonThrottledPair || r == reasonThrottledUser || r == reasonThrottledSource
}

// sessionContract is what records of the session endpoints have as their contract.
const sessionContract = "session"

// Outcomes of an audited event; docs/audit.md says what each means.
const (
	OutcomeSuccess = "success"
	OutcomeRefused = "refused"
	OutcomeFailed  = "failed" // our fault
)

// auditRecord is what the audit says of one event; it has no place for a secret or an address in clear.
type auditRecord struct {
	event                  Event
	outcome                string
	reason                 Reason
	userID, identifierHash string
	targetHash             string
	actorID, sessionID     string
	source                 Source
	contract, client, kid  string
}

// journal is where audit records go, one for each event and before its answer.
type journal struct{ log *slog.Logger }

var errPanic = errors.New("auth: panic")

// after does what is audited and then writes its record, of a failure where it panics; the panic goes on.
func (j journal) after(ctx context.Context, do func() error, record func(error) auditRecord) error {
	err := errPanic
	defer func() { j.write(ctx, record(err)) }()
	err = do()
	return err
}

func (j journal) write(ctx context.Context, r auditRecord, more ...slog.Attr) {
	level := slog.LevelInfo
	if r.outcome == OutcomeFailed {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("event", string(r.event)), slog.String("outcome", r.outcome), slog.String("reason", string(r.reason)),
	}
	for _, optional := range append([]slog.Attr{
		slog.String("user", r.userID), slog.String("identifierHash", r.identifierHash),
		slog.String("targetHash", r.targetHash),
		slog.String("actor", r.actorID), slog.String("session", r.sessionID),
		slog.String("source", r.source.String()), slog.String("contract", r.contract),
		slog.String("client", r.client), slog.String("kid", r.kid),
	}, more...) {
		if optional.Value.String() != "" {
			attrs = append(attrs, optional)
		}
	}
	j.log.LogAttrs(ctx, level, AuditMessage, attrs...)
}

// ended fills in how the event ended, as the error says and the contracts answer: what they do not refuse is our
// fault, whatever was noted before it.
func (r auditRecord) ended(err error) auditRecord {
	switch {
	case err == nil:
		r.outcome, r.reason = OutcomeSuccess, cmp.Or(r.reason, ReasonOK)
	case errors.Is(err, ErrUnavailable) || !isRefusal(err):
		r.outcome, r.reason = OutcomeFailed, ReasonUnavailable
		if errors.Is(err, context.Canceled) {
			r.reason = ReasonCanceled
		}
	case errors.Is(err, ErrNotFound):
		r.outcome, r.reason = OutcomeRefused, reasonNotFound
	default:
		r.outcome, r.reason = OutcomeRefused, cmp.Or(r.reason, ReasonNotAllowed)
	}
	return r
}

func isRefusal(err error) bool {
	return slices.ContainsFunc([]error{
		ErrBadCredentials, ErrNotReady, ErrWrongRole, ErrNoSession, ErrImpersonation, ErrThrottled, ErrUnknownClient, ErrNotFound,
	}, func(refusal error) bool { return errors.Is(err, refusal) })
}

// IdentifierHash returns what stands for the identifier in audit records: a keyed hash, the same for every spelling.
func IdentifierHash(ctx context.Context, keys Keys, id Identifier) (string, error) {
	mac, err := keys.MAC(ctx, "identifier", id.String())
	if err != nil {
		return "", fmt.Errorf("hash the identifier: %w", err)
	}
	return hex.EncodeToString(mac[:16]), nil
}

// record says how the attempt ended.
func (l *login) record(err error) auditRecord {
	r := auditRecord{
		event: EventLogin, reason: l.reason, identifierHash: l.identifierHash,
		source: l.attempt.Source, contract: l.terms.Contract, userID: l.user.ID,
	}
	if l.client.KeyHash != "" {
		r.client = l.client.ID()
	}
	if !l.attempt.Impersonate.IsZero() {
		r.event, r.actorID, r.userID, r.targetHash = EventImpersonation, l.user.ID, l.target.ID, l.targetHash
	}
	if err == nil {
		r.sessionID, r.kid = l.session.ID, l.keyID
	}
	return r.ended(err)
}
