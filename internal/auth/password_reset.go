package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// resetsPerHour is how many mails the source of a network may ask for in an hour of the clock.
const resetsPerHour = 10

// RequestReset asks for a mail by which the user of the address can choose a password. Its result reveals nothing:
// errors are our own faults.
func (s *Service) RequestReset(ctx context.Context, id Identifier, source Source, contract string) error {
	// Every address costs the same: two reads, one counter and one message, which the mailer drops where no mail is
	// due. The audit record does tell; it is written before this returns.
	record := AuditRecord{Event: EventResetRequest, Source: source, Contract: contract}
	err := s.auditor.audited(ctx, &record, func() error { return s.requestReset(ctx, id, source, &record) })
	if _, refused := reasonOf(err); refused {
		return nil
	}
	return err
}

func (s *Service) requestReset(ctx context.Context, id Identifier, source Source, record *AuditRecord) (err error) {
	if record.IdentifierHash, err = IdentifierHash(ctx, s.keys, id); err != nil {
		return err
	}
	err = s.allow(ctx, "resets from source", cmp.Or(source.network, unknownSource), resetsPerHour)
	if errors.Is(err, ErrConflict) {
		return refuse(err, reasonThrottledSource)
	} else if err != nil {
		return err
	}
	found, err := s.store.LookUp(ctx, LookupQuery{Identifier: id})
	if err != nil {
		return fmt.Errorf("look up the identifier: %w", err)
	}
	u, err := s.readUser(ctx, found.UserID, record.IdentifierHash)
	if err != nil {
		return err
	}
	if u.Identifier != id { // unknown, or the address moved between the reads
		u = User{}
	}
	record.UserID = u.ID
	refused := resetRefusal(u)
	m := Message{Kind: MessageReset, UserID: cmp.Or(u.ID, NewUserID()), Drop: refused != nil}
	if err := s.outbox.Send(ctx, m); err != nil {
		return fmt.Errorf("send the message: %w", err)
	}
	return refused
}

// resetRefusal says for the audit why no mail is due.
func resetRefusal(u User) error {
	switch {
	case u.ID == "":
		return refuse(ErrNotFound, ReasonUnknownUser)
	case !purposeReset.opensTo(u):
		return refuse(ErrNotReady, reasonNotReady)
	}
	return nil
}

// PasswordReset is a call by which the holder of a mail's token chooses a password.
type PasswordReset struct {
	Token, New string
	Proof      FactorProof
	Source     Source
}

// ResetPassword sets the password of the token's user, once, and ends all sessions. It opens none, and has written one
// audit record when it returns.
func (s *Service) ResetPassword(ctx context.Context, p PasswordReset, contract string) error {
	// It checks the token, then the rules, then the factor. The token works while the user has the password, the
	// address and the status that they had when it was made.
	record := AuditRecord{Event: EventPasswordReset, Source: p.Source, Contract: contract}
	return s.auditor.audited(ctx, &record, func() error { return s.resetPassword(ctx, p, &record) })
}

func (s *Service) resetPassword(ctx context.Context, p PasswordReset, record *AuditRecord) error {
	u, err := s.openMailToken(ctx, p.Token)
	if err != nil {
		return asRule(err, RuleToken)
	}
	record.UserID = u.ID
	if err := s.checkChosen(u, p.New); err != nil {
		return err
	}
	if u.Factors.Any() {
		want := ticket{
			Purpose: purposeResetFactor, UserID: u.ID, Contract: record.Contract, Bound: digestOf(p.Token), Epoch: u.PasswordEpoch,
		}
		if _, err := s.proveOwn(ctx, u, p.Proof, want, record); err != nil {
			return asRule(err, RuleFactor)
		}
	}
	hash, err := s.hashChosen(ctx, p.New)
	if err != nil {
		return err
	}
	changed, err := s.replacePassword(ctx, u, hash)
	if err != nil {
		return asRule(err, RuleToken)
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	s.passwordChanged(ctx, changed)
	return nil
}

// digestOf stands for a token in the challenge that is made for it: a challenge is not secret, and a token is.
func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}

// openMailToken returns the user whose password the token may set now. A refusal is ErrBadCredentials.
func (s *Service) openMailToken(ctx context.Context, token string) (User, error) {
	t, err := s.openTicket(ctx, token, purposeReset, purposeInvite)
	if err != nil {
		return User{}, err
	}
	u, err := s.userOf(ctx, t)
	if err != nil {
		return User{}, err
	}
	if !t.Purpose.opensTo(u) {
		return User{}, refuse(ErrBadCredentials, reasonNotReady)
	}
	address, err := IdentifierHash(ctx, s.keys, u.Identifier)
	if err != nil {
		return User{}, err
	}
	if address != t.Address {
		return User{}, refuse(ErrBadCredentials, reasonAddressChanged)
	}
	return u, nil
}
