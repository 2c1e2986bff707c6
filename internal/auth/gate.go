package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// gate stands between a proof of who the caller is and every new session: the caller must be ready, hold a role that the terms ask
// for, prove a factor if one is needed, and be allowed to act as the target, if there is one. It returns the user that the token will
// be about and how the caller was authenticated; with ErrImpersonation the user is the target as far as it was read, for the audit.
func (l *login) gate(ctx context.Context, caller User, prove prover) (subject User, amr []string, err error) {
	if err := l.admit(caller); err != nil {
		l.checkDecoyCode(ctx, l.typedCode()) // these callers get the answer of a wrong password
		return User{}, nil, err
	}
	if amr, err = prove(ctx, caller); err != nil {
		return User{}, nil, err
	}
	target := l.attempt.Impersonate
	switch {
	case target.IsZero():
		return caller, amr, nil
	case !contains(l.rules.ImpersonatorRoles, caller.Role):
		return User{}, nil, refuse(ErrImpersonation, reasonImpersonationRole)
	}
	subject, err = l.impersonated(ctx, l.terms, target)
	return subject, amr, err
}

// admit refuses callers who may not sign in by the terms, whatever they prove.
func (l *login) admit(caller User) error {
	switch {
	case caller.Status != StatusReady:
		return refuse(ErrNotReady, reasonNotReady)
	case !l.qualifies(caller, l.terms):
		return refuse(ErrWrongRole, reasonWrongRole)
	}
	return nil
}

// prover proves the caller's factor, if they need one, and returns the methods of authentication (RFC 8176).
type prover func(ctx context.Context, caller User) (amr []string, err error)

// impersonated reads the target and refuses those that must not be impersonated.
func (s *Service) impersonated(ctx context.Context, t Terms, target Identifier) (User, error) {
	found, err := s.store.LookUp(ctx, LookupQuery{Identifier: target})
	if err != nil {
		return User{}, fmt.Errorf("look up the target: %w", err)
	}
	if found.UserID == "" {
		return User{}, refuse(ErrImpersonation, reasonImpersonationTarget)
	}
	u, err := s.store.UserByID(ctx, found.UserID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, fmt.Errorf("read the target: %w", err)
	}
	if u.Identifier != target || u.Status != StatusReady || contains(s.rules.ImpersonatorRoles, u.Role) || !s.qualifies(u, t) {
		return u, refuse(ErrImpersonation, reasonImpersonationTarget)
	}
	return u, nil
}

func (s *Service) qualifies(u User, t Terms) bool {
	return !t.QualifyingAccount || selectAccount(u.Accounts, s.rules.QualifyingRoles) >= 0
}

// selectAccount returns the index of the user's stored choice if it qualifies, else of the first account that
// does, else -1 (contracts page, organization 200).
func selectAccount(accounts []Account, qualifying []string) int {
	first := -1
	for i, a := range accounts {
		if !contains(qualifying, a.UserType) {
			continue
		}
		if a.IsSelected {
			return i
		}
		if first < 0 {
			first = i
		}
	}
	return first
}

// contains never finds the empty role: a user without a role has none.
func contains(roles []string, role string) bool {
	return role != "" && slices.Contains(roles, role)
}
