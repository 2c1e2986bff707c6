package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Refresh trades a refresh token for its successor and a new access token, good for life. Each generation is traded
// once; whoever comes again with it within the grace gets the same successor, and after it the session ends
// (RFC 9700 4.14.2). A session of a user who may not sign in any more, or whose password changed, ends too. It
// returns ErrNoSession for all of these and has written one audit record when it returns.
func (s *Sessions) Refresh(ctx context.Context, token string, source Source, life time.Duration) (Grant, error) {
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

// rotationTries bounds how often a call that lost the race looks again; the second look already finds the winner's.
const rotationTries = 3

func (r *refresh) run(ctx context.Context, token string, life time.Duration) (Grant, error) {
	for range rotationTries {
		p, err := r.look(ctx, token)
		if err != nil {
			return Grant{}, err
		}
		grant, err := r.trade(ctx, p, life)
		if !errors.Is(err, ErrConflict) {
			return grant, err
		}
	}
	return Grant{}, fmt.Errorf("rotate the session: %w: changed by others all the time", ErrUnavailable)
}

// presented is a good refresh token with all that was known when it came.
type presented struct {
	generation int64
	session    Session
	user       User
	at         time.Time
}

// look reads the session of the token, and ends it where it is over or the token was replayed.
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
	if !genuine { // a guess must not end anybody's session
		return presented{}, refuse(ErrNoSession, reasonForged)
	}
	r.record.UserID, r.record.SessionID, r.record.ClientID = s.UserID, s.ID, s.Client
	p := presented{claim.generation, s, u, r.now().UTC().Truncate(time.Millisecond)}
	if reason := s.Ended(u, p.at); reason != "" {
		return presented{}, r.end(ctx, s, reason)
	}
	if r.rules.mustHaveFactor(u) && !s.provedFactor() {
		return presented{}, r.end(ctx, s, reasonFactorMissing)
	}
	if p.generation < s.Generation && !r.inGrace(p) {
		r.record.Event = eventRefreshReplayed
		return presented{}, r.end(ctx, s, reasonReplayed)
	}
	return p, nil
}

// inGrace reports whether the token was traded for the newest one, and only just. A clock that was set back stretches
// the grace to no more than its double.
func (r *refresh) inGrace(p presented) bool {
	return p.generation == p.session.Generation-1 && p.at.Sub(p.session.RotatedAt).Abs() < r.rules.RefreshGrace
}

// trade gives what the token is worth; ErrConflict asks to look again.
func (r *refresh) trade(ctx context.Context, p presented, life time.Duration) (Grant, error) {
	if p.generation < p.session.Generation {
		grant, kid, err := r.grant(ctx, p, life)
		if err == nil {
			r.record.Reason, r.record.KeyID = reasonGrace, kid
		}
		return grant, err
	}
	// A genuine token newer than the store is one whose rotation a power cut took from the store: it is the newest.
	from := p.session.Generation
	p.session.Generation, p.session.RotatedAt, p.session.LastUsedAt = p.generation+1, p.at, p.at
	p.session.ExpiresAt = earlier(p.at.Add(r.rules.SessionIdle), p.session.CreatedAt.Add(r.rules.SessionMax))
	if !p.at.Before(p.session.ExpiresAt) { // by a maximum shorter than it was at the last rotation
		return Grant{}, r.end(ctx, p.session, reasonExpired)
	}
	grant, kid, err := r.grant(ctx, p, life) // before the rotation, which an answer that cannot be made must not cost
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

// rotationLimit bounds a rotation. One that failed so late may have been done all the same, and then the client is still
// within the usual grace of 10 s when it comes again, 5 s after our answer.
const rotationLimit = 4 * time.Second

func (r *refresh) rotate(ctx context.Context, next Session, from int64) error {
	ctx, cancel := context.WithTimeout(ctx, rotationLimit)
	defer cancel()
	return r.store.RotateSession(ctx, next, from)
}

// grant makes the tokens of the session as it stands in p.
func (r *refresh) grant(ctx context.Context, p presented, life time.Duration) (g Grant, keyID string, err error) {
	g = Grant{User: p.user, Session: p.session, AccessLife: life, RefreshLife: p.session.ExpiresAt.Sub(p.at)}
	if g.RefreshToken, err = refreshToken(ctx, r.keys, p.session); err != nil {
		return Grant{}, "", err
	}
	claims := newClaims(r.newID(), p.user, p.session, p.at.Truncate(time.Second), life)
	if g.AccessToken, keyID, err = r.keys.Sign(ctx, claims); err != nil {
		return Grant{}, "", fmt.Errorf("sign the access token: %w", err)
	}
	return g, keyID, nil
}

// end deletes the session, so that no copy of its tokens works any more, and refuses.
func (r *refresh) end(ctx context.Context, s Session, reason Reason) error {
	if err := r.store.EndSession(ctx, s.UserID, s.ID); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return refuse(ErrNoSession, reason)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
