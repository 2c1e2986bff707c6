package auth

import (
	"context"
)

// Enrolling returns the caller of an enrollment challenge and its contract, or ErrNoSession if it is invalid or used,
// or the user has a factor.
func (s *Service) Enrolling(ctx context.Context, challenge string, source Source) (c Caller, contract string, err error) {
	// The caller may only set up a first factor.
	f, err := s.openEnrollment(ctx, challenge, source)
	if err != nil {
		return Caller{}, "", err
	}
	return Caller{User: f.caller, enrolling: &f}, f.ticket.Contract, nil
}

// enrollment is the call that confirms a first factor and signs in with it.
type enrollment struct {
	factorLogin
	caller User
}

func (s *Service) openEnrollment(ctx context.Context, challenge string, source Source) (e enrollment, err error) {
	e.login = login{Service: s, attempt: Attempt{Source: source}, record: AuditRecord{Event: eventLoginFactor, Source: source}}
	if e.ticket, err = s.openTicket(ctx, challenge, purposeEnroll); err != nil {
		return e, reword(err, ErrNoSession)
	}
	e.record.Contract = e.ticket.Contract
	if e.caller, err = e.loadCaller(ctx); err != nil {
		return e, reword(err, ErrNoSession)
	}
	if e.caller.Status != StatusReady || e.caller.Factors.Any() {
		return e, refuse(ErrNoSession, reasonReplayed)
	}
	return e, nil
}

// tryGate asks the gate before the factor is stored: a refusal after that would withhold the recovery codes.
func (e *enrollment) tryGate(ctx context.Context) error {
	_, _, err := e.gate(ctx, e.caller, func(context.Context, User) ([]string, error) { return nil, nil })
	return err
}

// Enroll confirms the caller's first authenticator app and, by that, finishes the sign-in that asked for it, with the contract's
// terms. The challenge is used up by the call that stores the factor.
func (s *Service) Enroll(ctx context.Context, challenge, id, code string, source Source, t Terms) (Grant, []string, error) {
	return s.enroll(ctx, challenge, source, t, func(c Caller) (amr, recovery []string, err error) {
		recovery, err = s.ConfirmTOTP(ctx, c, id, code, source)
		return []string{"pwd", "otp", "mfa"}, recovery, err
	})
}

// enroll stores the first factor by add, which returns what the new session has proved, and finishes the sign-in.
func (s *Service) enroll(
	ctx context.Context, challenge string, source Source, t Terms, add func(Caller) (amr, recovery []string, err error),
) (g Grant, recovery []string, err error) {
	e, err := s.openEnrollment(ctx, challenge, source)
	if err != nil {
		return Grant{}, nil, err
	}
	e.terms = t
	if err := e.restoreAttempt(ctx); err != nil {
		return Grant{}, nil, err
	}
	if err := e.lookUpSource(ctx); err != nil {
		return Grant{}, nil, err
	}
	amr, recovery, err := add(Caller{User: e.caller, enrolling: &e})
	if err != nil {
		return Grant{}, nil, err
	}
	prove := func(ctx context.Context, _ User) ([]string, error) {
		if err := s.spend(ctx, e.ticket); err != nil {
			return nil, reword(err, ErrNoSession)
		}
		return amr, nil
	}
	err = s.auditor.audited(ctx, &e.record, func() (err error) {
		g, err = e.enter(ctx, e.caller, prove, false)
		return err
	})
	return g, recovery, err
}
