package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"time"

	"github.com/go-json-experiment/json"
)

// minSecret is the least length of a symmetric key, in bytes: that of the hash (RFC 7518 3.2).
const minSecret = 32

// publicJWK has the members of a JWK (RFC 7517 4) that may be published. There is no symmetric one among them:
// what is published is chosen by type, not by leaving things out.
type publicJWK struct {
	Type      string `json:"kty"`
	KeyID     string `json:"kid"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	Curve     string `json:"crv,omitzero"`
	X         string `json:"x,omitzero"`
	Y         string `json:"y,omitzero"`
	N         string `json:"n,omitzero"`
	E         string `json:"e,omitzero"`
}

// publishedJWK is a key as it is kept for those who publish it and those who verify by it here. A previous one has its
// end in exp, which OpenID Federation 1.0 registers for keys.
type publishedJWK struct {
	publicJWK
	RetireAt int64 `json:"exp,omitzero"` // NumericDate
}

// jwk is a key as the ring document holds it: its private members (RFC 7518 6, RFC 8037 2) and times of ours.
// Members that are not here are ignored (RFC 7517 4), so that a newer version may add some.
type jwk struct {
	publicJWK
	D  string `json:"d,omitzero"`
	P  string `json:"p,omitzero"`
	Q  string `json:"q,omitzero"`
	DP string `json:"dp,omitzero"`
	DQ string `json:"dq,omitzero"`
	QI string `json:"qi,omitzero"`
	K  string `json:"k,omitzero"`
	keyTimes
}

// keyTimes are NumericDates (RFC 7519 2) in whole seconds, 0 where unknown or yet to come.
type keyTimes struct {
	CreatedAt   int64 `json:"createdAt,omitzero"`
	ActivatedAt int64 `json:"activatedAt,omitzero"` // since when it signs
	RetireAt    int64 `json:"retireAt,omitzero"`    // until when a previous key verifies
}

func (t keyTimes) retired(now time.Time) bool {
	return t.RetireAt != 0 && now.Unix() >= t.RetireAt
}

// thumbprint is RFC 7638's: the required members of the key's type, in lexicographic order, hashed.
func (j publicJWK) thumbprint() (string, error) {
	text, err := json.Marshal(struct {
		Curve string `json:"crv,omitzero"`
		E     string `json:"e,omitzero"`
		Type  string `json:"kty"`
		N     string `json:"n,omitzero"`
		X     string `json:"x,omitzero"`
		Y     string `json:"y,omitzero"`
	}{j.Curve, j.E, j.Type, j.N, j.X, j.Y})
	if err != nil {
		return "", fmt.Errorf("compute a key's thumbprint: %w", err)
	}
	sum := sha256.Sum256(text)
	return tobase64(sum[:]), nil
}

func tobase64(b []byte) string {
	return base64.RawURLEncoding.EncodeToString(b)
}

// unbase64 returns nil for what is not base64url; what is not in its one canonical form shows when written again.
func unbase64(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

func unbase64Int(s string) *big.Int {
	return new(big.Int).SetBytes(unbase64(s))
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}
