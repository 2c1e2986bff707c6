// Package token signs and verifies access tokens (JWTs, RFC 7519) with a ring of keys. The cryptography and the
// signing methods are golang-jwt's; what a token must say, and how strictly it is read, is decided here, because
// the library's own parser ignores typ, crit and duplicate members, and lets the header name the algorithm.
package token

import (
	"errors"
	"fmt"
	"time"
)

// ErrInvalidToken is the one answer to every token that is refused, expired ones too: there is nothing that a
// caller may do with one kind and not with another (RFC 8725 3). The wrapped reason is for logs; it quotes nothing.
var ErrInvalidToken = errors.New("token: invalid")

// ErrNoRing: the document is absent, empty or {}; a first ring may be written in its place. Anything else that
// cannot be read is a different error, so that a broken ring is never taken for a missing one and overwritten.
var ErrNoRing = errors.New("token: no key ring yet")

const (
	// leeway is what clocks may differ by, for iat and nbf; an expired token gets none.
	leeway = 30 * time.Second
	// maxLife is the longest that any contract lets a token live.
	maxLife = 90 * 24 * time.Hour
	// maxSize bounds what is parsed of a stranger's text; gateways pass 10 KiB of headers.
	maxSize = 8 << 10
	// maxKeyID bounds kid, in the ring and in tokens alike.
	maxKeyID = 128

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
