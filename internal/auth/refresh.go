package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

const refreshLabel = "latchkey refresh 1"

// refreshClaim is what a refresh token says in clear; the MAC is over it and the nonce that only the store knows.
type refreshClaim struct {
	userID, sessionID string
	generation        int64
	mac               []byte
}

const macSize = 32

// maxRefreshToken bounds what is decoded at all; a real one has under 300 characters.
const maxRefreshToken = 1024

// refreshToken makes the token of the session's generation: the same one whenever it is asked for.
func refreshToken(ctx context.Context, keys Keys, s Session) (string, error) {
	payload := refreshPayload(s.UserID, s.ID, s.Generation)
	mac, err := keys.MAC(ctx, refreshLabel, string(payload), s.Nonce)
	if err != nil {
		return "", fmt.Errorf("make the refresh token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(payload, mac...)), nil
}

func refreshPayload(userID, sessionID string, generation int64) []byte {
	payload := appendText(nil, userID)
	payload = appendText(payload, sessionID)
	return binary.BigEndian.AppendUint64(payload, uint64(generation))
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

// parseRefreshToken reads what the token says; nothing of it is believed before genuine.
func parseRefreshToken(token string) (c refreshClaim, ok bool) {
	if len(token) > maxRefreshToken {
		return c, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || base64.RawURLEncoding.EncodeToString(raw) != token { // the decoder skips line breaks
		return c, false
	}
	if c.userID, raw, ok = cutText(raw); !ok {
		return c, false
	}
	if c.sessionID, raw, ok = cutText(raw); !ok {
		return c, false
	}
	if len(raw) != 8+macSize {
		return c, false
	}
	c.generation, c.mac = int64(binary.BigEndian.Uint64(raw)), raw[8:]
	return c, c.userID != "" && c.sessionID != "" && c.generation > 0
}

func cutText(b []byte) (text string, rest []byte, ok bool) {
	if len(b) < 2 {
		return "", nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if len(b) < 2+n {
		return "", nil, false
	}
	return string(b[2 : 2+n]), b[2+n:], true
}

// genuine reports whether we made the token for this session.
func (c refreshClaim) genuine(ctx context.Context, keys Keys, s Session) (bool, error) {
	payload := refreshPayload(c.userID, c.sessionID, c.generation)
	mac, err := keys.MAC(ctx, refreshLabel, string(payload), s.Nonce)
	if err != nil {
		return false, fmt.Errorf("check the refresh token: %w", err)
	}
	return s.Nonce != "" && subtle.ConstantTimeCompare(mac, c.mac) == 1, nil
}

// Refresh trades a refresh token for its successor and a new access token, good for life. Each generation is traded
// once; whoever comes again with it within the grace gets the same successor, and after it the session ends
// (RFC 9700 4.14.2). A session of a user who may not sign in any more, or whose password changed, ends too. It
// returns ErrNoSession for all of these and has written one audit record when it returns.
func (s *Sessions) Refresh(ctx context.Context, token string, source Source, life time.Duration) (Grant, error) {
	r := refresh{Sessions: s, audit: auditRecord{event: "refresh", source: source, contract: "session"}}
	grant, err := r.run(ctx, token, life)
	s.journal.write(ctx, r.audit.ended(err))
	return grant, err
}

// refresh is the state of one call while it runs.
type refresh struct {
	*Sessions
	audit auditRecord
}

// rotationTries bounds how often a call that lost the race looks again; the second look already finds the winner's.
const rotationTries = 3

func (r *refresh) run(ctx context.Context, token string, life time.Duration) (Grant, error) {
	claim, ok := parseRefreshToken(token)
	if !ok {
		return Grant{}, r.refuse("malformed")
	}
	for range rotationTries {
		session, user, err := r.store.SessionAndUser(ctx, claim.userID, claim.sessionID)
		if errors.Is(err, ErrNotFound) {
			return Grant{}, r.refuse("session_unknown")
		} else if err != nil {
			return Grant{}, fmt.Errorf("read the session: %w", err)
		}
		successor, err := r.successor(ctx, claim, session, user)
		if errors.Is(err, ErrConflict) {
			continue
		} else if err != nil {
			return Grant{}, err
		}
		return r.grant(ctx, successor, user, life)
	}
	return Grant{}, fmt.Errorf("rotate the session: %w: changed by others all the time", ErrUnavailable)
}

// successor returns the session as it stands after this token was traded; ErrConflict asks to look again.
func (r *refresh) successor(ctx context.Context, c refreshClaim, s Session, u User) (Session, error) {
	genuine, err := c.genuine(ctx, r.keys, s)
	if err != nil {
		return Session{}, err
	}
	if !genuine { // a guess must not end anybody's session
		return Session{}, r.refuse("forged")
	}
	r.audit.userID, r.audit.sessionID, r.audit.actorID, r.audit.client = s.UserID, s.ID, s.ActorID, s.Client
	now := r.now().UTC().Truncate(time.Millisecond)
	switch reason := s.Ended(u, now); {
	case reason != "":
		return Session{}, r.end(ctx, s, reason)
	case c.generation == s.Generation-1 && now.Sub(s.RotatedAt) <= r.rules.RefreshGrace:
		r.audit.reason = "grace"
		return s, nil
	case c.generation < s.Generation:
		r.audit.event = "refresh_replayed"
		return Session{}, r.end(ctx, s, "replayed")
	}
	// A genuine token newer than the store is one whose rotation a power cut took from the store: it is the newest.
	next := s
	next.Generation, next.RotatedAt, next.LastUsedAt = c.generation+1, now, now
	next.ExpiresAt = earlier(now.Add(r.rules.SessionIdle), s.CreatedAt.Add(r.rules.SessionMax))
	if err := r.store.RotateSession(ctx, next, s.Generation); err != nil {
		if errors.Is(err, ErrNotFound) {
			return Session{}, r.refuse("session_unknown")
		}
		return Session{}, fmt.Errorf("rotate the session: %w", err)
	}
	return next, nil
}

func (r *refresh) grant(ctx context.Context, s Session, u User, life time.Duration) (Grant, error) {
	now := r.now().UTC()
	g := Grant{User: u, Session: s, AccessLife: life, RefreshLife: s.ExpiresAt.Sub(now)}
	var err error
	if g.RefreshToken, err = refreshToken(ctx, r.keys, s); err != nil {
		return Grant{}, err
	}
	claims := newClaims(r.newID(), u, s, now.Truncate(time.Second), life)
	if g.AccessToken, r.audit.kid, err = r.keys.Sign(ctx, claims); err != nil {
		return Grant{}, fmt.Errorf("sign the access token: %w", err)
	}
	return g, nil
}

func (r *refresh) refuse(reason string) error {
	r.audit.reason = reason
	return ErrNoSession
}

// end deletes the session, so that no copy of its tokens works any more, and refuses.
func (r *refresh) end(ctx context.Context, s Session, reason string) error {
	if err := r.store.EndSession(ctx, s.UserID, s.ID); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return r.refuse(reason)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
