package auth

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// grant opens the session and makes the tokens; nothing is stored yet.
func (l *login) grant(ctx context.Context, subject User) (Grant, error) {
	now := l.now().UTC().Truncate(time.Millisecond)
	g := Grant{User: subject, Accounts: slices.Clone(subject.Accounts), AccessLife: l.accessLife()}
	l.session = Session{
		ID: l.newID(), UserID: subject.ID, PasswordEpoch: subject.PasswordEpoch,
		Contract: l.terms.Contract, Source: l.attempt.Source.String(),
		CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(g.AccessLife),
	}
	if l.client.KeyHash != "" {
		l.session.Client = l.client.ID()
	}
	if subject.ID != l.user.ID {
		l.session.ActorID = l.user.ID
	}
	if l.refreshable() {
		l.session.Nonce, l.session.Generation = l.newID(), 1
		g.RefreshLife = min(l.rules.SessionIdle, l.rules.SessionMax)
		l.session.ExpiresAt = now.Add(g.RefreshLife)
		token, err := refreshToken(ctx, l.keys, l.session)
		if err != nil {
			return Grant{}, err
		}
		g.RefreshToken = token
	}
	g.Session = l.session
	return g, l.sign(ctx, &g)
}

func (l *login) sign(ctx context.Context, g *Grant) error {
	claims := newClaims(l.newID(), g.User, g.Session, g.Session.CreatedAt.Truncate(time.Second), g.AccessLife)
	if l.terms.QualifyingAccount {
		selected := selectAccount(g.Accounts, l.rules.QualifyingRoles)
		for i := range g.Accounts {
			g.Accounts[i].IsSelected = i == selected
		}
		claims.Org = g.Accounts[selected].OrganizationID
		if userType := g.Accounts[selected].UserType; userType != g.User.Role {
			claims.Roles = append(claims.Roles, userType)
		}
	}
	var err error
	if g.AccessToken, l.keyID, err = l.keys.Sign(ctx, claims); err != nil {
		return fmt.Errorf("sign the access token: %w", err)
	}
	return nil
}

// newClaims says of the user what every access token says.
func newClaims(id string, u User, s Session, issued time.Time, life time.Duration) Claims {
	c := Claims{
		ID: id, Subject: u.ID, SessionID: s.ID, Actor: s.ActorID, Roles: []string{},
		IssuedAt: issued, ExpiresAt: issued.Add(life),
	}
	if u.Role != "" {
		c.Roles = append(c.Roles, u.Role)
	}
	return c
}

func (l *login) accessLife() time.Duration {
	switch {
	case !l.attempt.Impersonate.IsZero():
		return impersonationLife
	case l.client.Kind == ClientIntegration && l.terms.IntegrationLife > 0:
		return l.terms.IntegrationLife
	}
	return l.terms.AccessLife
}

func (l *login) refreshable() bool {
	return l.terms.Refreshable && l.client.Kind != ClientIntegration && l.attempt.Impersonate.IsZero()
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

// contains never finds the empty role: a user without one holds none.
func contains(roles []string, role string) bool {
	return role != "" && slices.Contains(roles, role)
}
