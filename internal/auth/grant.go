package auth

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// impersonationLife is the life of an impersonator's access token (contracts page, impersonation).
const impersonationLife = 15 * time.Minute

// grant makes the session and its tokens; nothing is stored yet.
func (l *login) grant(ctx context.Context, caller, subject User, amr []string) (g Grant, keyID string, err error) {
	now := l.now().UTC().Truncate(time.Millisecond)
	g = Grant{User: subject, Accounts: slices.Clone(subject.Accounts), AccessLife: l.accessLife()}
	g.Session = Session{
		ID: l.newID(), UserID: subject.ID, PasswordEpoch: subject.PasswordEpoch,
		Contract: l.terms.Contract, Client: l.client.ID(), ClientKind: l.client.Kind, Source: l.attempt.Source.String(),
		CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(g.AccessLife), AMR: amr, AuthTime: now,
	}
	if subject.ID != caller.ID {
		g.Session.ActorID = caller.ID
	}
	if l.refreshable() {
		g.Session.Nonce, g.Session.Generation = l.newID(), 1
		g.RefreshLife = min(l.rules.SessionIdle, l.rules.SessionMax)
		g.Session.ExpiresAt = now.Add(g.RefreshLife)
		if g.RefreshToken, err = refreshToken(ctx, l.keys, g.Session); err != nil {
			return Grant{}, "", err
		}
	}
	keyID, err = l.sign(ctx, &g)
	return g, keyID, err
}

func (l *login) sign(ctx context.Context, g *Grant) (keyID string, err error) {
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
	if g.AccessToken, keyID, err = l.keys.Sign(ctx, claims); err != nil {
		return "", fmt.Errorf("sign the access token: %w", err)
	}
	return keyID, nil
}

// newClaims returns the claims that every access token has.
func newClaims(id string, u User, s Session, issued time.Time, life time.Duration) Claims {
	c := Claims{
		ID: id, Subject: u.ID, SessionID: s.ID, Actor: s.ActorID, Roles: []string{},
		AMR: s.AMR, AuthTime: s.AuthTime.Truncate(time.Second), IssuedAt: issued, ExpiresAt: issued.Add(life),
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
