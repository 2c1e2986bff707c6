package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// FactorAttempt is the second call of a sign-in: a challenge, and the code for it or what a passkey signed.
type FactorAttempt struct {
	FactorProof
	APIKey   string // as sent, empty without one
	Remember bool   // the client wants to be remembered
	Source   Source
}

// LoginFactor answers the challenge of a sign-in and opens its session. It returns this package's errors, after it has
// written one audit record.
func (s *Service) LoginFactor(ctx context.Context, a FactorAttempt, t Terms) (Grant, error) {
	// Only the contract that made the challenge may finish it. A wrong code leaves the challenge as it is; a right one
	// uses it up.
	f := factorLogin{
		proof: a.FactorProof,
		login: login{
			Service: s, attempt: Attempt{APIKey: a.APIKey, Remember: a.Remember, Source: a.Source}, terms: t,
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
	proof  FactorProof
	ticket ticket
}

// run is the order of the second call. The challenge stands for the password; everything else is checked again, because users and
// clients may have changed since.
func (f *factorLogin) run(ctx context.Context) (Grant, error) {
	var err error
	if f.ticket, err = f.openTicket(ctx, f.proof.Challenge, purposeLogin); err != nil {
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
	if err := f.lookUpSource(ctx); err != nil {
		return Grant{}, err
	}
	grant, err := f.enter(ctx, caller, f.proveByChallenge, false)
	if len(f.proof.Assertion) == 0 { // codes have a counter of their own
		return grant, err
	}
	return grant, f.failedAssertion(ctx, err)
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
	u, err := f.userOf(ctx, f.ticket)
	f.attempt.Identifier = u.Identifier
	return u, err
}

// lookUpSource reads the client again and the source's window, the only one of the three limits that binds here: wrong codes have a
// counter of their own.
func (f *factorLogin) lookUpSource(ctx context.Context) (err error) {
	if err := f.hashIdentifiers(ctx); err != nil {
		return err
	}
	keys := AttemptKeys{Network: f.tally.keys.Network}
	if f.watchesSources() {
		keys = f.tally.keys
	}
	found, err := f.store.LookUp(ctx, LookupQuery{KeyHash: f.ticket.KeyHash, Attempts: keys})
	if err != nil {
		return fmt.Errorf("look up the source: %w", err)
	}
	f.noteSource(found.Counters.Pair)
	return f.takeFound(f.ticket.KeyHash, found)
}

// takeFound takes the client and the source's window from what was looked up.
func (f *factorLogin) takeFound(keyHash string, found LookupResult) error {
	if err := f.takeClient(keyHash, found.Client); err != nil {
		return err
	}
	f.tally.seen.Source = found.Counters.Source
	return f.checkLimits()
}

// proveByChallenge checks the code or the passkey, which the challenge asked for, and uses the challenge up.
func (f *factorLogin) proveByChallenge(ctx context.Context, caller User) ([]string, error) {
	if !caller.Factors.Any() { // it was removed since
		return nil, refuse(ErrBadCredentials, reasonFactorMissing)
	}
	return f.proveByAnswer(ctx, caller, f.proof, f.ticket, &f.record)
}

// failedAssertion counts a refused passkey for the source and returns the error that ends the call.
func (f *factorLogin) failedAssertion(ctx context.Context, err error) error {
	if !errors.Is(err, ErrBadCredentials) || f.tally.keys.Network == "" {
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
	case l.attempt.Code.Text != "":
		return l.checkCode(ctx, caller, l.attempt.Code.Text)
	case l.remembered(caller):
		l.skipped = true
		return []string{"pwd"}, nil
	}
	return nil, l.challenge(ctx, caller, false)
}

// splitAppended takes the code off the end of the password, for clients that have no other field for it, if the user has an
// authenticator app.
func (l *login) splitAppended(u User) {
	if code := l.appendedCode(); code != "" && len(u.Factors.TOTP) > 0 {
		l.attempt.Password, l.attempt.Code.Text = strings.TrimSuffix(l.attempt.Password, code), code
	}
}

// appendedCode returns the digits at the end of the password that would be a code. It is empty unless the deployment allows
// that and no code came in its own member.
func (l *login) appendedCode() string {
	const digits = 6
	at := len(l.attempt.Password) - digits
	if !l.rules.FactorAppend || l.attempt.Code.Sent || at < 0 {
		return ""
	}
	code := l.attempt.Password[at:]
	if strings.Trim(code, "0123456789") != "" {
		return ""
	}
	return code
}

// typedCode returns the code that the attempt would be checked with, for any user.
func (l *login) typedCode() string { return cmp.Or(l.attempt.Code.Text, l.appendedCode()) }

// checkDecoyCode does the arithmetic of a code that is not looked at because of another refusal, the same for users with and without a factor
// and for unknown ones. Its result and its error mean nothing.
func (l *login) checkDecoyCode(ctx context.Context, typed string) {
	if typed == "" {
		return
	}
	totp, recovery := l.codes.Parse(typed)
	_, _ = l.codes.Step(ctx, "", nil, totp, l.now())
	_, _ = l.recoveryMAC(ctx, "", recovery)
}
