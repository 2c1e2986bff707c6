package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Refresh trades a refresh token for its successor and a new access token, or returns ErrNoSession, after it has
// written one audit record.
func (s *Sessions) Refresh(ctx context.Context, token string, source Source, life time.Duration) (Grant, error) {
	// The access token has the session's own life, or life for sessions that were stored without one. Each generation
	// is traded once. Presented again within the grace, or within the retry limit while its successor is unused, it
	// gets the same successor; otherwise its session ends (RFC 9700 4.14.2). So does a session whose user may not sign
	// in any more or lacks what its contract asks for.
	r := refresh{Sessions: s, record: AuditRecord{Event: eventRefresh, Source: source, Contract: sessionContract}}
	var grant Grant
	err := s.auditor.audited(ctx, &r.record, func() (err error) {
		grant, err = r.run(ctx, token, life)
		return err
	})
	return grant, err
}

// refresh is one call that came with a refresh token, while it runs.
type refresh struct {
	*Sessions
	record AuditRecord // filled in as the call goes on
}

// rotationAttempts bounds how often a call that lost the race reads again; the second read already finds the winner's.
const rotationAttempts = 3

func (r *refresh) run(ctx context.Context, token string, life time.Duration) (Grant, error) {
	for range rotationAttempts {
		p, err := r.look(ctx, token)
		if err != nil {
			return Grant{}, err
		}
		if p.session.AccessLife == 0 {
			p.session.AccessLife = life
		}
		grant, err := r.trade(ctx, p)
		if !errors.Is(err, ErrConflict) {
			return grant, err
		}
	}
	return Grant{}, fmt.Errorf("rotate the session: %w: other calls changed it every time", ErrUnavailable)
}

// presented is a valid refresh token with everything that was known when it came.
type presented struct {
	generation int64
	session    Session
	user       User
	access     Access
	at         time.Time
	repeated   Reason // why a token that was traded before is traded again; empty for the newest
}

// look reads the session of the token, and ends it if it is over or the token was replayed.
func (r *refresh) look(ctx context.Context, token string) (presented, error) {
	claim, ok := parseRefreshToken(token)
	if !ok {
		return presented{}, refuse(ErrNoSession, reasonMalformed)
	}
	s, u, err := r.store.SessionAndUser(ctx, claim.userID, claim.sessionID)
	if errors.Is(err, ErrNotFound) {
		return presented{}, refuse(ErrNoSession, reasonSessionUnknown)
	} else if err != nil {
		return presented{}, fmt.Errorf("read the session: %w", err)
	}
	genuine, err := claim.genuine(ctx, r.keys, s)
	if err != nil {
		return presented{}, err
	}
	if !genuine { // a guess must not end a session
		return presented{}, refuse(ErrNoSession, reasonForged)
	}
	r.record.UserID, r.record.SessionID, r.record.ClientID = s.UserID, s.ID, s.Client
	p := presented{generation: claim.generation, session: s, user: u, at: r.now().UTC().Truncate(time.Millisecond)}
	if p.access, err = r.rules.checkSession(ctx, r.store, s, u, p.at); err != nil {
		return presented{}, r.endRefused(ctx, s, err)
	}
	if r.rules.mustHaveFactor(u) && !s.mayRefresh() {
		return presented{}, r.endRefused(ctx, s, refuse(ErrNoSession, reasonFactorMissing))
	}
	if p.generation >= s.Generation {
		return p, nil
	}
	if p.repeated = r.rules.tradeAgain(p); p.repeated == "" {
		r.record.Event = eventRefreshReplayed
		return presented{}, r.endRefused(ctx, s, refuse(ErrNoSession, reasonReplayed))
	}
	return p, nil
}

// tradeAgain returns why a token that was traded before gets its successor once more, or "" for a replay. Only the newest token's
// parent can, because the next rotation shows that the successor was used. After a clock was set back each limit may
// last up to twice as long.
func (r Rules) tradeAgain(p presented) Reason {
	age := p.at.Sub(p.session.RotatedAt).Abs()
	switch {
	case p.generation != p.session.Generation-1:
		return ""
	case age < r.RefreshGrace:
		return reasonGrace
	case age < r.RefreshRetry:
		return reasonRetry
	}
	return ""
}

// trade makes the grant for the token. ErrConflict asks the caller to look again.
func (r *refresh) trade(ctx context.Context, p presented) (Grant, error) {
	if p.repeated != "" {
		grant, kid, err := r.grant(ctx, p)
		if err == nil {
			r.record.Reason, r.record.KeyID = p.repeated, kid
		}
		return grant, err
	}
	// A genuine token newer than the store's is the newest: a power cut took its rotation from the store.
	from := p.session.Generation
	p.session.Generation, p.session.RotatedAt, p.session.LastUsedAt = p.generation+1, p.at, p.at
	p.session.ExpiresAt = earlier(p.at.Add(r.rules.SessionIdle), p.session.CreatedAt.Add(r.rules.SessionMax))
	if !p.at.Before(p.session.ExpiresAt) { // the maximum is shorter than it was at the last rotation
		return Grant{}, r.endRefused(ctx, p.session, refuse(ErrNoSession, reasonExpired))
	}
	grant, kid, err := r.grant(ctx, p) // before the rotation, so that a failure to sign does not use the token up
	if err != nil {
		return Grant{}, err
	}
	if err := r.rotate(ctx, p.session, from); errors.Is(err, ErrNotFound) {
		return Grant{}, refuse(ErrNoSession, reasonSessionUnknown)
	} else if err != nil {
		return Grant{}, fmt.Errorf("rotate the session: %w", err)
	}
	r.record.KeyID = kid
	return grant, nil
}

// rotationLimit bounds a rotation. One that timed out may have been stored anyway; a client that tries again 5 s after our
// answer is then still within the default grace of 10 s.
const rotationLimit = 4 * time.Second

func (r *refresh) rotate(ctx context.Context, next Session, from int64) error {
	ctx, cancel := context.WithTimeout(ctx, rotationLimit)
	defer cancel()
	return r.store.RotateSession(ctx, next, from)
}

// grant makes the tokens of the session as it is in p.
func (r *refresh) grant(ctx context.Context, p presented) (g Grant, keyID string, err error) {
	g = Grant{User: p.user, Session: p.session, AccessLife: p.session.AccessLife, RefreshLife: p.session.ExpiresAt.Sub(p.at)}
	if g.RefreshToken, err = refreshToken(ctx, r.keys, p.session); err != nil {
		return Grant{}, "", err
	}
	claims := newClaims(r.newID(), p.session, p.access, p.at.Truncate(time.Second), g.AccessLife)
	if g.AccessToken, keyID, err = r.keys.Sign(ctx, claims); err != nil {
		return Grant{}, "", fmt.Errorf("sign the access token: %w", err)
	}
	return g, keyID, nil
}

// endRefused deletes the session that was refused, so that no copy of its tokens works any more, and returns the refusal. Our
// own fault ends nothing.
func (r *refresh) endRefused(ctx context.Context, s Session, err error) error {
	if !errors.Is(err, ErrNoSession) {
		return err
	}
	if failed := r.store.EndSession(ctx, s.UserID, s.ID); failed != nil {
		return fmt.Errorf("end the session: %w", failed)
	}
	return err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
