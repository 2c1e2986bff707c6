// Package jwk implements keys: their algorithms, and the JSON in which they are stored and published (RFC 7517, 7518,
// 8037). Package keyring decides what a key is for, and when. The cryptography is the standard library's, the signing methods
// are golang-jwt's.
package jwk

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"

	"github.com/go-json-experiment/json"
)

// MaxKeyID is the maximum length of kid in bytes, in keys and in tokens: a longer one names none of our keys.
const MaxKeyID = 128

const (
	// minSecret is the minimum length of a symmetric key in bytes: that of the hash (RFC 7518 3.2).
	minSecret = 32

	keyUse = "sig"
)

// publicJWK has the members of a JWK (RFC 7517 4) that may be published. The type has no private or symmetric member, so
// none can be published by mistake.
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

// publishedJWK is a public key as it is stored for our own verifiers and publishers. A previous key has its end in exp,
// which OpenID Federation 1.0 registers for keys.
type publishedJWK struct {
	publicJWK
	RetireAt int64 `json:"exp,omitzero"` // NumericDate
}

// JWK is a key as JSON for documents that stay secret: with the private members (RFC 7517 4, RFC 7518 6, RFC 8037 2).
// Unknown members are ignored, so that a newer version may add some.
type JWK struct {
	publicJWK
	D  string `json:"d,omitzero"`
	P  string `json:"p,omitzero"`
	Q  string `json:"q,omitzero"`
	DP string `json:"dp,omitzero"`
	DQ string `json:"dq,omitzero"`
	QI string `json:"qi,omitzero"`
	K  string `json:"k,omitzero"`
}

// Key returns the key, or an error, which quotes nothing of it, if it is weak or the JWK is not exactly what JWK would write.
func (j JWK) Key() (Key, error) {
	if j.KeyID == "" || len(j.KeyID) > MaxKeyID {
		return Key{}, fmt.Errorf("kid must have 1 to %d bytes", MaxKeyID)
	}
	if j.Use == "" {
		j.Use = keyUse // optional in a JWK (RFC 7517 4.2)
	}
	kind, known := kindOf(Algorithm(j.Algorithm))
	if !known {
		return Key{}, errors.New("alg is missing or unknown")
	}
	p, err := kind.read(j)
	if err != nil {
		return Key{}, err
	}
	k := Key{ID: j.KeyID, kind: kind, pair: p}
	// This one comparison refuses a private part that is not the public one's, a kty or crv of another algorithm,
	// superfluous members, and base64url that is not canonical.
	if k.JWK() != j {
		return Key{}, errors.New("its members contradict each other or are not canonical")
	}
	return k, nil
}

// thumbprint hashes the required members of the key's type in lexicographic order (RFC 7638).
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

// unbase64 returns nil for text that is not base64url; non-canonical text is found when the key is written again.
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
