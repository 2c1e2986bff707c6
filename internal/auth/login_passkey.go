package auth

import (
	"context"
	"encoding/base64"
	"fmt"
)

// PasskeyAttempt is a sign-in with only a passkey: a challenge of PasskeyOptions, and what the browser signed for it.
type PasskeyAttempt struct {
	Challenge string
	Assertion []byte // JSON
	APIKey    string // as sent, empty without one
	Source    Source
}

// PasskeyOptions returns a challenge that any discoverable passkey may sign. It names no user, and reads nothing.
func (s *Service) PasskeyOptions(ctx context.Context) (challenge string, options AssertionOptions, err error) {
	if !s.PasskeysOn() {
		return "", AssertionOptions{}, refuse(ErrPasskeysOff, ReasonNotAllowed)
	}
	t := ticket{Purpose: purposeSignIn, Party: s.rules.RelyingParty.ID, Nonce: s.newID(), Expires: s.now().Add(challengeLife).Unix()}
	if challenge, err = s.signTicket(ctx, t); err != nil {
		return "", AssertionOptions{}, err
	}
	options, err = s.assertionOptions(ctx, challenge, challengeLife, nil, verifyRequired)
	return challenge, options, err
}

// LoginPasskey signs in the user whose passkey signed the challenge. It returns this package's errors, after it has
// written one audit record.
func (s *Service) LoginPasskey(ctx context.Context, a PasskeyAttempt, t Terms) (Grant, error) {
	// Unknown passkeys cost the same reads and one verification.
	p := passkeyLogin{
		factorLogin: factorLogin{
			proof: FactorProof{Challenge: a.Challenge, Assertion: a.Assertion},
			login: login{
				Service: s, attempt: Attempt{APIKey: a.APIKey, Source: a.Source}, terms: t,
				record: AuditRecord{Event: eventLoginPasskey, Source: a.Source, Contract: t.Contract},
			},
		},
	}
	var grant Grant
	err := s.auditor.audited(ctx, &p.record, func() (err error) {
		grant, err = p.run(ctx)
		return err
	})
	return grant, err
}

// passkeyLogin is a sign-in with a passkey while it runs.
type passkeyLogin struct {
	factorLogin
	assertion Assertion
	signCount uint32
	key       Passkey
}

// run is the order of a sign-in with a passkey. It counts no attempt of a user, because no password was tried, and makes no source known.
func (p *passkeyLogin) run(ctx context.Context) (Grant, error) {
	if !p.PasskeysOn() {
		return Grant{}, refuse(ErrPasskeysOff, ReasonNotAllowed)
	}
	if p.terms.RequireAPIKey && p.attempt.APIKey == "" {
		return Grant{}, refuse(ErrUnknownClient, reasonClientMissing)
	}
	if err := p.open(ctx); err != nil {
		return Grant{}, err
	}
	userID, err := p.lookUpHandle(ctx)
	if err != nil {
		return Grant{}, err
	}
	caller, err := p.loadOwner(ctx, userID)
	if err == nil {
		p.key, p.signCount, err = p.verifyAssertion(ctx, caller, p.assertion, p.proof.Challenge, true)
	}
	if err != nil {
		return Grant{}, p.failedAssertion(ctx, err)
	}
	if err := p.watchSource(ctx); err != nil {
		return Grant{}, err
	}
	grant, err := p.enter(ctx, caller, p.proveByPasskey, false)
	return grant, p.failedAssertion(ctx, err)
}

// open reads the challenge and the assertion.
func (p *passkeyLogin) open(ctx context.Context) (err error) {
	if p.ticket, err = p.openTicket(ctx, p.proof.Challenge, purposeSignIn); err != nil {
		return err
	}
	if p.ticket.Party != p.rules.RelyingParty.ID {
		return refuse(ErrBadCredentials, reasonForged)
	}
	if p.assertion, err = p.authenticators.ReadAssertion(p.proof.Assertion); err != nil {
		return refuse(ErrBadCredentials, reasonMalformed)
	}
	return nil
}

// lookUpHandle reads whose passkey it is said to be, the client and the source's window, the only limit that binds here.
func (p *passkeyLogin) lookUpHandle(ctx context.Context) (userID string, err error) {
	if p.rules.Limits != (Limits{}) {
		if p.tally.keys.Network, err = networkKey(ctx, p.keys, p.attempt.Source); err != nil {
			return "", err
		}
	}
	_, handle := p.assertion.Claims()
	q := LookupQuery{Handle: base64.RawURLEncoding.EncodeToString(handle), Attempts: p.tally.keys}
	if q.Handle == "" {
		q.Handle = "none" // no handle is so short: the same reads
	}
	if p.attempt.APIKey != "" {
		q.KeyHash = HashAPIKey(p.attempt.APIKey)
	}
	found, err := p.store.LookUp(ctx, q)
	if err != nil {
		return "", fmt.Errorf("look up the handle: %w", err)
	}
	return found.UserID, p.takeFound(q.KeyHash, found)
}

// loadOwner reads the user; an unknown handle costs the same.
func (p *passkeyLogin) loadOwner(ctx context.Context, userID string) (User, error) {
	u, err := p.readUser(ctx, userID, p.ticket.Nonce)
	if err != nil {
		return User{}, err
	}
	hash, err := IdentifierHash(ctx, p.keys, u.Identifier)
	if err != nil {
		return User{}, err
	}
	if u.ID != "" {
		p.record.UserID, p.record.IdentifierHash, p.attempt.Identifier = u.ID, hash, u.Identifier
	}
	return u, nil
}

// watchSource reads whether the user signed in from the source before, where users hear of other sources. Only then does the sign-in also
// make the source known. It follows the verification, so that refusals cost the same for every handle.
func (p *passkeyLogin) watchSource(ctx context.Context) (err error) {
	if !p.watchesSources() || p.rules.Limits == (Limits{}) {
		return nil
	}
	if p.tally.keys, err = NewAttemptKeys(ctx, p.keys, p.attempt.Identifier, p.attempt.Source); err != nil {
		return err
	}
	found, err := p.store.LookUp(ctx, LookupQuery{Attempts: p.tally.keys})
	if err != nil {
		return fmt.Errorf("look up the source: %w", err)
	}
	p.noteSource(found.Counters.Pair)
	return nil
}

// proveByPasskey uses the challenge up. The signature was verified before the gate, so that only the passkey's owner learns by time
// whether they may sign in.
func (p *passkeyLogin) proveByPasskey(ctx context.Context, caller User) ([]string, error) {
	if err := p.spend(ctx, p.ticket); err != nil {
		return nil, err
	}
	return []string{p.key.method(), "user", "mfa"}, p.usePasskey(ctx, caller, p.key, p.signCount, &p.record)
}
