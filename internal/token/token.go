// Package token signs and verifies access tokens (JWTs, RFC 7519) with keys that others keep. What a token must say, and
// how strictly it is read, is decided here, because golang-jwt's own parser ignores typ, crit and duplicate members, and
// lets the header name the algorithm.
package token

import (
	"errors"
	"fmt"
	"time"
)

// ErrInvalidToken is the one answer to every token that is refused, expired ones too: there is nothing that a
// caller may do with one kind and not with another (RFC 8725 3). The wrapped reason is for logs; it quotes nothing.
var ErrInvalidToken = errors.New("token: invalid")

const (
	// Leeway is what clocks may differ by, for iat and nbf; an expired token gets none.
	Leeway = 30 * time.Second
	// MaxLife is the longest that any contract lets a token live; keys verify for as long after they last signed.
	MaxLife = 90 * 24 * time.Hour
	// maxSize bounds what is parsed of a stranger's text; gateways pass 10 KiB of headers.
	maxSize = 8 << 10

	tokenType = "JWT"
)

// Scope is what the scope of every access token holds (RFC 8693 4.2), so that no other kind of token passes for one.
const Scope = "user"

// Config is what all tokens of a deployment have in common; Now may be nil and is then the real clock.
type Config struct {
	Issuer   string // iss, exact
	Audience string // aud: what we issue, and what a token's audience must hold
	Now      func() time.Time
}

// refuse makes an ErrInvalidToken; reasons are constants, for text from a token could be anything, even secret.
func refuse(reason string) error {
	return fmt.Errorf("%w: %s", ErrInvalidToken, reason)
}
