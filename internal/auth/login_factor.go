package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// FactorAttempt is the second call of a sign-in: a challenge, and the code for it.
type FactorAttempt struct {
	Challenge string
	Code      string
	APIKey    string // as sent, empty without one
	Source    Source
}

// LoginFactor finishes a sign-in that was answered with a challenge, by the contract that made it. A wrong code leaves the challenge
// as it is; a right one uses it up. It returns one of this package's errors and has written one audit record when it returns.
func (s *Service) LoginFactor(ctx context.Context, a FactorAttempt, t Terms) (Grant, error) {
	f := factorLogin{
		code: a.Code, challenge: a.Challenge,
		login: login{
			Service: s, attempt: Attempt{APIKey: a.APIKey, Source: a.Source}, terms: t,
			record: AuditRecord{Event: eventLoginFactor, Source: a.Source, Contract: t.Contract},
		},
	}
	var grant Grant
	err := s.auditor.audited(ctx, &f.record, func() (err error) {
		grant, err = f.run(ctx)
		return err
	})
	return grant, err
}

// factorLogin is the second call of a sign-in while it runs.
type factorLogin struct {
	login
	challenge string
	code      string
	ticket    ticket
}

// run is the order of the second call. The challenge stands for the password; everything else is checked again, because users and
// clients may have changed since.
func (f *factorLogin) run(ctx context.Context) (Grant, error) {
	var err error
	if f.ticket, err = f.openTicket(ctx, f.challenge, purposeLogin); err != nil {
		return Grant{}, err
	}
	if err := f.checkClient(); err != nil {
		return Grant{}, err
	}
	if err := f.restoreAttempt(ctx); err != nil {
		return Grant{}, err
	}
	caller, err := f.loadCaller(ctx)
	if err != nil {
		return Grant{}, err
	}
	if err := f.lookUpSource(ctx, caller); err != nil {
		return Grant{}, err
	}
	grant, err := f.enter(ctx, caller, f.proveByChallenge, false)
	return grant, f.failedCode(ctx, err)
}

// checkClient refuses a challenge of another contract or of another API client than the one that is asking.
func (f *factorLogin) checkClient() error {
	switch {
	case f.terms.RequireAPIKey && f.ticket.KeyHash == "":
		return refuse(ErrUnknownClient, reasonClientMissing)
	case f.ticket.KeyHash != "" && HashAPIKey(f.attempt.APIKey) != f.ticket.KeyHash:
		return refuse(ErrUnknownClient, reasonClientUnknown)
	case f.terms.Contract != f.ticket.Contract:
		return refuse(ErrBadCredentials, reasonForged)
	}
	return nil
}

// restoreAttempt takes from the challenge what the first call asked for.
func (f *factorLogin) restoreAttempt(ctx context.Context) (err error) {
	f.record.UserID = f.ticket.UserID
	if f.ticket.Target == "" {
		return nil
	}
	if f.attempt.Impersonate, err = ParseIdentifier(f.ticket.Target); err != nil {
		return fmt.Errorf("read the challenge's target: %w", err)
	}
	f.record.ActorID, f.record.UserID = f.ticket.UserID, ""
	f.record.TargetHash, err = IdentifierHash(ctx, f.keys, f.attempt.Impersonate)
	return err
}

// loadCaller reads the user of the challenge, who must have the password of then.
func (f *factorLogin) loadCaller(ctx context.Context) (User, error) {
	u, err := f.store.UserByID(ctx, f.ticket.UserID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, fmt.Errorf("read the user: %w", err)
	}
	if u.ID == "" || u.PasswordEpoch != f.ticket.Epoch {
		return User{}, refuse(ErrBadCredentials, reasonPasswordChanged)
	}
	f.attempt.Identifier = u.Identifier
	return u, nil
}

// lookUpSource reads the client again and the source's window, the only one of the three limits that binds here: wrong codes have a
// counter of their own.
func (f *factorLogin) lookUpSource(ctx context.Context, caller User) (err error) {
	if err := f.hashIdentifiers(ctx); err != nil {
		return err
	}
	keys := f.tally.keys
	found, err := f.store.LookUp(ctx, LookupQuery{KeyHash: f.ticket.KeyHash, Attempts: keys.OfSource()})
	if err != nil {
		return fmt.Errorf("look up the source: %w", err)
	}
	if f.ticket.KeyHash != "" && (found.Client.KeyHash != f.ticket.KeyHash || !found.Client.Works(f.now())) {
		return refuse(ErrUnknownClient, reasonClientUnknown)
	}
	f.client, f.record.ClientID = found.Client, found.Client.ID()
	f.tally.seen.Source = found.Counters.Source
	return f.checkLimits()
}

// proveByChallenge checks the code, which the challenge asked for, and uses the challenge up.
func (f *factorLogin) proveByChallenge(ctx context.Context, caller User) ([]string, error) {
	if !caller.Factors.Any() { // it was removed since
		return nil, refuse(ErrBadCredentials, reasonFactorMissing)
	}
	amr, err := f.checkCode(ctx, caller, f.code)
	if err != nil {
		return nil, err
	}
	return amr, f.spend(ctx, f.ticket)
}

// failedCode counts a refused code for the source and returns the error that ends the call.
func (f *factorLogin) failedCode(ctx context.Context, err error) error {
	if !errors.Is(err, ErrBadCredentials) || f.tally.keys.Source == "" {
		return err
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	seen := f.tally.seen.Source
	next := seen.next(f.now().UTC().Truncate(time.Millisecond), f.rules.Limits.Source.Span)
	if failure := f.store.CountFailure(ctx, f.tally.keys.OfSource(), seen, next); failure != nil {
		return fmt.Errorf("count the failure: %w", failure)
	}
	return err
}

// proveInOneCall proves the factor with what was sent with the password, or answers with a challenge.
func (l *login) proveInOneCall(ctx context.Context, caller User) ([]string, error) {
	must := l.rules.mustHaveFactor(caller)
	exempt := l.client.Kind == ClientIntegration && !l.rules.FactorIntegrations && !must
	switch {
	case exempt, !caller.Factors.Any() && !must:
		return []string{"pwd"}, nil
	case !caller.Factors.Any():
		return nil, l.challenge(ctx, caller, true)
	case l.attempt.Code.Text == "":
		return nil, l.challenge(ctx, caller, false)
	}
	return l.checkCode(ctx, caller, l.attempt.Code.Text)
}

// splitAppended takes the code off the end of the password, for clients that have no other field for it. It does nothing unless
// the deployment allows it, the user has an authenticator app, and no code came in its own member.
func (l *login) splitAppended(u User) {
	const digits = 6
	at := len(l.attempt.Password) - digits
	if !l.rules.FactorAppend || len(u.Factors.TOTP) == 0 || l.attempt.Code.Sent || at < 0 {
		return
	}
	code := l.attempt.Password[at:]
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return
		}
	}
	l.attempt.Password, l.attempt.Code.Text = l.attempt.Password[:at], code
}
