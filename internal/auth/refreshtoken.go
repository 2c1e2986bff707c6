package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

const refreshLabel = "latchkey refresh 1"

// refreshClaim is the plain part of a refresh token. The MAC covers it and the nonce that only the store knows.
type refreshClaim struct {
	userID, sessionID string
	generation        int64
	mac               []byte
}

const macSize = 32

// maxRefreshToken bounds the tokens that are decoded; real ones have fewer than 300 characters.
const maxRefreshToken = 1024

// refreshToken returns the token of the session's generation, always the same one.
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

// parseRefreshToken decodes the token; its content is not trusted before genuine.
func parseRefreshToken(token string) (c refreshClaim, ok bool) {
	if len(token) > maxRefreshToken {
		return c, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || base64.RawURLEncoding.EncodeToString(raw) != token { // the decoder skips line breaks and stray bits
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

// genuine reports whether we issued the token for this session.
func (c refreshClaim) genuine(ctx context.Context, keys Keys, s Session) (bool, error) {
	payload := refreshPayload(c.userID, c.sessionID, c.generation)
	mac, err := keys.MAC(ctx, refreshLabel, string(payload), s.Nonce)
	if err != nil {
		return false, fmt.Errorf("check the refresh token: %w", err)
	}
	return s.Nonce != "" && subtle.ConstantTimeCompare(mac, c.mac) == 1, nil
}
