package auth

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

const refreshLabel = "latchkey refresh 1"

// refreshToken makes the token of the session's generation: the same one whenever it is asked for. The MAC covers
// what is in clear and the nonce, which only the store knows.
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
