package auth

import (
	"context"
	"errors"
)

// FactorProof is what a call has of the second factor: a code, or a challenge and the code or the assertion that answers it.
type FactorProof struct {
	Code      string
	Challenge string
	Assertion []byte // JSON; empty: the code counts
}

func (p FactorProof) isZero() bool { return p.Code == "" && p.Challenge == "" && len(p.Assertion) == 0 }

// proveOwn checks the proof of a user who has a factor, and returns the amr of a session with it. Without a proof it answers with a
// challenge for that call; want is what the challenge states. A refusal of a code is ErrBadCredentials.
func (s *Service) proveOwn(ctx context.Context, u User, p FactorProof, want ticket, record *AuditRecord) ([]string, error) {
	if p.Challenge != "" {
		return s.proveByOwnChallenge(ctx, u, p, want, record)
	}
	if p.Code == "" {
		return nil, s.challengeFor(ctx, u, want)
	}
	return s.checkCode(ctx, u, p.Code)
}

// proveByOwnChallenge refuses challenges of other calls, users, sessions and tokens.
func (s *Service) proveByOwnChallenge(ctx context.Context, u User, p FactorProof, want ticket, record *AuditRecord) ([]string, error) {
	t, err := s.openTicket(ctx, p.Challenge, want.Purpose)
	if err != nil {
		return nil, err
	}
	if t.UserID != want.UserID || t.Contract != want.Contract || t.Bound != want.Bound || t.Epoch != want.Epoch {
		return nil, refuse(ErrBadCredentials, reasonForged)
	}
	return s.proveByAnswer(ctx, u, p, t, record)
}

// proveByAnswer checks the code or the passkey that answers the challenge, which the ticket states, and uses the challenge up.
func (s *Service) proveByAnswer(ctx context.Context, u User, p FactorProof, t ticket, record *AuditRecord) ([]string, error) {
	if len(p.Assertion) > 0 {
		return s.proveByAssertion(ctx, u, p, t, record)
	}
	amr, err := s.checkCode(ctx, u, p.Code)
	if err != nil {
		return nil, err
	}
	return amr, s.spend(ctx, t)
}

// proveByAssertion checks a passkey as the second factor and uses the challenge up.
func (s *Service) proveByAssertion(ctx context.Context, u User, p FactorProof, t ticket, record *AuditRecord) ([]string, error) {
	a, err := s.authenticators.ReadAssertion(p.Assertion)
	if err != nil {
		return nil, refuse(ErrBadCredentials, reasonMalformed)
	}
	key, signCount, err := s.verifyAssertion(ctx, u, a, p.Challenge, false)
	if err != nil {
		return nil, err
	}
	if err := s.spend(ctx, t); err != nil {
		return nil, err
	}
	return []string{"pwd", key.method(), "mfa"}, s.usePasskey(ctx, u, key, signCount, record)
}

// asRule words a refusal of the current password, the token or the factor as that of a rule, with the reason it has in the audit.
func asRule(err error, rule PasswordRule) error {
	reason, refused := reasonOf(err)
	if !refused || !errors.Is(err, ErrBadCredentials) {
		return err
	}
	message := map[PasswordRule]string{
		RuleCurrent: "The current password is wrong",
		RuleToken:   "The link is not valid any more; ask for a new mail",
		RuleFactor:  "The code is wrong or was used",
	}[rule]
	return refuse(&RefusedPassword{rule, message}, reason)
}
