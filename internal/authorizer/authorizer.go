// Package authorizer lets other APIs of API Gateway trust our tokens: it is a Lambda authorizer for HTTP APIs and REST
// APIs, of every event type that they have. It denies whatever it does not understand, and answers our own faults with
// an error, so that the gateway says 500 and nobody is signed out for them.
package authorizer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/token"
)

// accessCookie is the planpoint contract's: it carries the access token where no Authorization header does.
const accessCookie = "planpoint"

// What Invoke fails with. The gateway shows neither to a caller: it answers REST's 401, or 500.
var (
	// ErrUnauthorized: REST APIs answer 401 to exactly this text and 500 to any other.
	ErrUnauthorized = errors.New("Unauthorized")
	// ErrFailed: keys or sessions could not be read, or the authorizer is broken.
	ErrFailed = errors.New("authorizer: failed")
)

// decisionLimit is well below the 10 s that API Gateway waits for an authorizer, so that our own error still gets out.
const decisionLimit = 4 * time.Second

// Config is what an Authorizer is made of; Now may be nil and is then the real clock.
type Config struct {
	Tokens   auth.Verifier
	Sessions Sessions // unused where Revocation is Off
	// Revocation says how soon an ended session's tokens are refused.
	Revocation Revocation
	// Response is what HTTP APIs expect for payload 2.0: their event does not say it.
	Response Response
	Log      *slog.Logger
	Now      func() time.Time
}

// Authorizer answers authorizer events. It is a lambda.Handler for lambda.Start, and calls may be concurrent.
type Authorizer struct {
	tokens   auth.Verifier
	revoked  revocation
	response Response
	log      *slog.Logger
}

// New returns an authorizer; nothing is read before the first event.
func New(c Config) *Authorizer {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Authorizer{tokens: c.Tokens, revoked: newRevocation(c), response: c.Response, log: c.Log}
}

// Invoke answers one event with a decision as JSON. The error is ErrUnauthorized where a REST API denies, and
// ErrFailed where the fault is ours; its text is constant.
func (a *Authorizer) Invoke(ctx context.Context, event []byte) (answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, decisionLimit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil { // which would end the process; its value may hold parts of the event
			a.log.ErrorContext(ctx, "the authorizer panicked", "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			answer, err = nil, ErrFailed
		}
	}()
	r, known := parseRequest(event)
	claims, err := auth.Claims{}, error(errEvent)
	if known {
		claims, err = a.authorize(ctx, r)
	}
	switch {
	case err == nil:
		return r.allow(a.response, claims)
	case errors.Is(err, auth.ErrUnavailable):
		a.log.ErrorContext(ctx, "no decision", "error", err)
		return nil, ErrFailed
	}
	a.log.InfoContext(ctx, "denied", "reason", err)
	return r.deny(a.response)
}

// authorize returns the claims of the request's token. The error is auth.ErrUnavailable for our own faults, and any
// other a reason to deny; it quotes nothing of the request.
func (a *Authorizer) authorize(ctx context.Context, r request) (auth.Claims, error) {
	raw, err := token.FromHeader(r.header, accessCookie)
	if err != nil {
		return auth.Claims{}, err
	}
	claims, err := a.tokens.Verify(ctx, raw)
	if err != nil {
		return auth.Claims{}, fmt.Errorf("verify the token: %w", err)
	}
	return claims, a.revoked.check(ctx, claims)
}
