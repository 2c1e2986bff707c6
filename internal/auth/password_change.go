package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// PasswordChange is a call by which a user who is signed in replaces the password.
type PasswordChange struct {
	Current, New string
	Proof        FactorProof
	Source       Source
}

// ChangePassword checks the current password, the rules for the new one, and the factor, in this order. It replaces all
// sessions by a new one.
func (s *Service) ChangePassword(ctx context.Context, c Caller, p PasswordChange, t Terms) (Grant, error) {
	// The current password has the limits of a sign-in. The new session keeps what the caller's one proved unless a
	// factor was given. Only sessions of the terms' contract may ask. One audit record is written before it returns.
	t.RequireAPIKey = false // the session stands for its client
	change := passwordChange{
		caller: c, proof: p.Proof, chosen: p.New,
		login: login{
			Service: s, terms: t, replaces: &c.Session,
			attempt: Attempt{Identifier: c.User.Identifier, Password: p.Current, Source: p.Source, Code: SentCode{Sent: true}},
			record: AuditRecord{
				Event: EventPasswordChange, UserID: c.User.ID, SessionID: c.Session.ID, ActorID: c.Session.ActorID, Source: p.Source, Contract: t.Contract,
			},
		},
	}
	var grant Grant
	err := s.auditor.audited(ctx, &change.record, func() (err error) {
		grant, err = change.run(ctx)
		return err
	})
	return grant, err
}

// passwordChange is one change while it runs.
type passwordChange struct {
	login
	caller Caller
	proof  FactorProof
	chosen string
}

// run is the order of a change. A wrong password counts as a failed sign-in does; no refusal uses up a code.
func (c *passwordChange) run(ctx context.Context) (Grant, error) {
	if err := c.caller.mayManageFactors(); err != nil {
		return Grant{}, err
	}
	if c.caller.Session.Contract != c.terms.Contract {
		return Grant{}, refuse(ErrImpersonation, ReasonNotAllowed)
	}
	user, err := c.provePassword(ctx)
	if err != nil {
		return Grant{}, err
	}
	if err := c.checkChosen(user, c.chosen); err != nil {
		c.undoAttempt(ctx)
		return Grant{}, err
	}
	_, amr, err := c.passGate(ctx, user, c.proveFactor)
	if err != nil {
		return Grant{}, c.failedProof(ctx, err)
	}
	return c.store(ctx, user, amr)
}

// provePassword is the part of a sign-in up to the right password. A wrong one is refused by RuleCurrent.
func (c *passwordChange) provePassword(ctx context.Context) (User, error) {
	if err := c.hashIdentifiers(ctx); err != nil {
		return User{}, err
	}
	userID, err := c.lookUp(ctx)
	if err != nil {
		return User{}, err
	}
	if err := c.checkLimits(); err != nil {
		return User{}, err
	}
	user, err := c.loadUserAndCount(ctx, userID)
	if err != nil {
		return User{}, err
	}
	if _, err := c.checkPassword(ctx, user); err != nil {
		return User{}, asRule(c.failed(ctx, err), RuleCurrent)
	}
	return user, nil
}

// proveFactor asks for the factor of a user who has one, unless the session proved it just now. A nil amr is the session's own.
func (c *passwordChange) proveFactor(ctx context.Context, u User) ([]string, error) {
	session := c.caller.Session
	fresh := session.provedFactor() && c.now().Sub(session.AuthenticatedAt()) <= stepUpAge
	switch {
	case !u.Factors.Any() && c.rules.mustHaveFactor(u):
		return nil, c.challenge(ctx, u, true)
	case !u.Factors.Any(), fresh && c.proof.isZero():
		return nil, nil
	}
	return c.proveOwn(ctx, u, c.proof, ticket{
		Purpose: purposeChange, UserID: u.ID, Contract: c.terms.Contract, Bound: session.ID, Epoch: u.PasswordEpoch,
	}, &c.record)
}

// failedProof settles the count of an attempt whose password was right and whose factor was not.
func (c *passwordChange) failedProof(ctx context.Context, err error) error {
	err = c.failed(ctx, err)
	if errors.Is(err, ErrNotReady) || errors.Is(err, ErrWrongRole) { // since the session was read
		return reword(err, ErrNoSession)
	}
	return asRule(err, RuleFactor)
}

// store replaces the password and the sessions. The tokens are made before, so that of our own faults only a failure to store the
// session leaves a user with a new password and without a session.
func (c *passwordChange) store(ctx context.Context, u User, amr []string) (Grant, error) {
	hash, err := c.hashChosen(ctx, c.chosen)
	if err != nil {
		c.undoAttempt(ctx)
		return Grant{}, err
	}
	changed := c.withPassword(u, hash)
	grant, keyID, err := c.grant(ctx, changed, changed, amr)
	if err != nil {
		c.undoAttempt(ctx)
		return Grant{}, err
	}
	if changed, err = c.replacePassword(ctx, u, hash); err != nil {
		c.undoAttempt(ctx)
		return Grant{}, asRule(err, RuleCurrent)
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	c.passwordChanged(ctx, changed)
	if err := c.open(ctx, grant.Session, changed, false); err != nil {
		return Grant{}, fmt.Errorf("the password was changed: %w", err)
	}
	c.record.SessionID, c.record.KeyID = grant.Session.ID, keyID
	return grant, nil
}

// checkChosen returns the refusal of a password that the user may not choose.
func (s *Service) checkChosen(u User, chosen string) error {
	if err := s.choice.Check(u, chosen); err != nil {
		return refuse(err, reasonPasswordRefused)
	}
	return nil
}

func (s *Service) hashChosen(ctx context.Context, chosen string) (string, error) {
	hash, err := s.passwords.Hash(ctx, chosen)
	if err != nil {
		return "", fmt.Errorf("hash the new password: %w: %w", ErrUnavailable, err)
	}
	return hash, nil
}

// withPassword returns the user with another password; one who waits to be activated is ready with it.
func (s *Service) withPassword(u User, hash string) User {
	next := u
	next.PasswordHash = hash
	if u.Status == StatusPending && u.Activate {
		next.Status = StatusReady
	}
	return u.Changed(next, s.now().UTC().Truncate(time.Millisecond))
}

// passwordRaces bounds how often a change starts again because others changed the user.
const passwordRaces = 3

// replacePassword stores the hash by compare-and-swap, and again while only other parts of the user have changed. If the password or
// the status has changed since u was read, it refuses: of concurrent calls one succeeds.
func (s *Service) replacePassword(ctx context.Context, u User, hash string) (User, error) {
	read := u
	for range passwordRaces {
		changed := s.withPassword(u, hash)
		err := s.store.UpdateUser(ctx, changed)
		if err == nil {
			return changed, nil
		}
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
			return User{}, fmt.Errorf("store the password: %w", err)
		}
		if u, err = s.store.UserByID(ctx, u.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return User{}, fmt.Errorf("read the user again: %w", err)
		}
		if u.PasswordEpoch != read.PasswordEpoch || u.Status != read.Status || u.Identifier != read.Identifier {
			return User{}, refuse(ErrBadCredentials, reasonPasswordChanged)
		}
	}
	return User{}, fmt.Errorf("store the password: %w: others change the user all the time", ErrUnavailable)
}

// passwordChanged does what follows a change of password. Sessions have ended by the epoch: deleting them is to tidy up, and a failure
// of it, or of the notice, must not fail a change that is stored.
func (s *Service) passwordChanged(ctx context.Context, u User) {
	if err := s.store.EndSessions(ctx, u.ID, ""); err != nil {
		s.auditor.log.WarnContext(ctx, "sessions that ended with the old password were not deleted", "user", u.ID, "error", err)
	}
	s.notify(ctx, MessagePasswordChanged, u.ID)
}
