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
		ID: newSessionID(now, l.newID()), UserID: subject.ID, PasswordEpoch: subject.PasswordEpoch,
		Contract: l.terms.Contract, AccessLife: g.AccessLife,
		Client: l.client.ID(), ClientKind: l.client.Kind, Source: l.attempt.Source.String(),
		CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(g.AccessLife), AMR: amr, AuthTime: now,
	}
	if l.skipped {
		g.Session.DeviceID = l.device.ID
	}
	if subject.ID != caller.ID {
		g.Session.ActorID = caller.ID
	}
	if l.terms.QualifyingAccount {
		g.Session.Org = l.rules.selectOrg(g.Accounts)
	}
	if l.replaces != nil {
		g.Session.inherit(*l.replaces)
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
	access, _ := l.rules.access(g.User, g.Session.Org) // the gate has found that the account qualifies
	claims := newClaims(l.newID(), g.Session, access, g.Session.CreatedAt.Truncate(time.Second), g.AccessLife)
	if g.AccessToken, keyID, err = l.keys.Sign(ctx, claims); err != nil {
		return "", fmt.Errorf("sign the access token: %w", err)
	}
	return keyID, nil
}

// selectOrg selects the account that a session speaks for and returns its organization. One of the accounts qualifies.
func (r Rules) selectOrg(accounts []Account) string {
	selected := selectAccount(accounts, r.QualifyingRoles)
	for i := range accounts {
		accounts[i].IsSelected = i == selected
	}
	return accounts[selected].OrganizationID
}

// newClaims returns the claims of a session's access token.
func newClaims(id string, s Session, a Access, issued time.Time, life time.Duration) Claims {
	return Claims{
		ID: id, Subject: s.UserID, SessionID: s.ID, Actor: s.ActorID, Roles: a.Roles, Org: a.Org,
		AMR: s.AMR, AuthTime: s.AuthenticatedAt().Truncate(time.Second), IssuedAt: issued, ExpiresAt: issued.Add(life),
	}
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
