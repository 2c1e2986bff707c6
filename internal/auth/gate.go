package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// gate stands between a proof of who the caller is and every new session: the caller must be ready, hold a role that the terms ask
// for, and be allowed to act as the target, if there is one. It returns the user that the token will be about; with ErrImpersonation
// that is the target as far as it was read, for the audit.
func (s *Service) gate(ctx context.Context, caller User, t Terms, target Identifier) (subject User, err error) {
	switch {
	case caller.Status != StatusReady:
		return User{}, refuse(ErrNotReady, reasonNotReady)
	case !s.qualifies(caller, t):
		return User{}, refuse(ErrWrongRole, reasonWrongRole)
	case target.IsZero():
		return caller, nil
	case !contains(s.rules.ImpersonatorRoles, caller.Role):
		return User{}, refuse(ErrImpersonation, reasonImpersonationRole)
	}
	return s.impersonated(ctx, t, target)
}

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
