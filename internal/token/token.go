// Package token signs and verifies access tokens (JWTs, RFC 7519). It decides what a token must contain and reads it
// strictly: golang-jwt's parser ignores typ, crit and duplicate members, and lets the header choose the algorithm.
package token

import (
	"errors"
	"fmt"
	"time"

	"latchkey/internal/jwk"
)

// ErrInvalidToken is the error for every refused token, also an expired one: callers must treat all of them alike (RFC 8725
// 3). The wrapped reason is for logs and quotes nothing of the token.
var ErrInvalidToken = errors.New("token: invalid")

const (
	// Leeway is how much clocks may differ, for iat and nbf. It does not extend exp. Signing sets nbf this much before iat.
	Leeway = jwk.Leeway
	// MaxLife is the longest lifetime of any contract's tokens; keys verify for this long after they last signed.
	MaxLife = jwk.MaxTokenLife
	// maxSize bounds the tokens that are parsed; gateways pass 10 KiB of headers.
	maxSize = 8 << 10

	tokenType = "JWT"
)

// Scope is in the scope claim of every access token (RFC 8693 4.2), so that no other kind of token is accepted as one.
const Scope = "user"

// Config is what all tokens of a deployment share; a nil Now is the real clock.
type Config struct {
	Issuer   string // iss, exact
	Audience string // aud of our tokens; a token's audience must contain it
	Now      func() time.Time
}

// refuse wraps ErrInvalidToken; reasons are constants, because text from a token may be secret.
func refuse(reason string) error {
	return fmt.Errorf("%w: %s", ErrInvalidToken, reason)
}
