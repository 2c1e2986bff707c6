package auth

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
)

// Session is one sign-in that can be seen and ended; all tokens that come from it carry its id as sid.
type Session struct {
	ID     string
	UserID string
	// Nonce is mixed into the refresh tokens of this session; empty where it cannot be refreshed.
	Nonce string
	// Generation numbers the refresh tokens of the session: only the newest is good, from 1.
	Generation int64
	// PasswordEpoch is the user's at sign-in; the session ends when the user's has grown.
	PasswordEpoch int64
	Contract      string
	Client        string // the API client's id, empty without one
	Source        string
	ActorID       string // the impersonator, empty where the user signed in themselves

	CreatedAt, RotatedAt, LastUsedAt time.Time
	// ExpiresAt is when the session ends unless it is refreshed before; checked in code, for stores delete late.
	ExpiresAt time.Time
}

const refreshLabel = "latchkey refresh 1"

// refreshToken makes the token of the session's current generation. The session id and generation are
// in clear for the lookup; the MAC covers them, the user id and the nonce that only the store knows.
func refreshToken(ctx context.Context, keys Keys, s Session) (string, error) {
	payload := appendString(nil, s.UserID)
	payload = appendString(payload, s.ID)
	payload = binary.BigEndian.AppendUint64(payload, uint64(s.Generation))
	mac, err := keys.MAC(ctx, refreshLabel, string(payload), s.Nonce)
	if err != nil {
		return "", fmt.Errorf("make refresh token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(payload, mac...)), nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}
