// Package authorizer is a Lambda authorizer for HTTP APIs and REST APIs, so that other APIs can trust our tokens. It takes
// every event type that they send and denies events that it does not understand. For our own faults it returns an error:
// the gateway then answers 500, and no client is signed out.
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

// accessCookie is the planpoint contract's cookie with the access token. It is read if there is no Authorization header.
const accessCookie = "planpoint"

// The errors of Invoke. The gateway shows neither to a client: it answers 401 of a REST API, or 500.
var (
	// ErrUnauthorized: REST APIs answer 401 for exactly this text, and 500 for any other.
	ErrUnauthorized = errors.New("Unauthorized")
	// ErrFailed: keys or sessions could not be read, or the authorizer has a bug.
	ErrFailed = errors.New("authorizer: failed")
)

// decisionLimit is well below the 10 s that API Gateway waits for an authorizer, so that our own error arrives in time.
const decisionLimit = 4 * time.Second

// Config is what an Authorizer is made of; a nil Now is the real clock.
type Config struct {
	Tokens   auth.Verifier
	Sessions auth.SessionReader // unused if Revocation is Off
	Rules    auth.Rules         // the roles that sessions are checked against
	// Revocation says how soon ended sessions and changed roles take effect.
	Revocation Revocation
	// Response is the format that HTTP APIs expect for payload 2.0; their event does not say which.
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
		if p := recover(); p != nil { // it would end the process; its value may contain parts of the event
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

// authorize returns the claims of the request's token. An error is auth.ErrUnavailable for our own faults, and otherwise the
// reason to deny. It quotes nothing of the request.
func (a *Authorizer) authorize(ctx context.Context, r request) (auth.Claims, error) {
	raw, err := token.FromHeader(r.header, accessCookie)
	if err != nil {
		return auth.Claims{}, err
	}
	claims, err := a.tokens.Verify(ctx, raw)
	if err != nil {
		return auth.Claims{}, fmt.Errorf("verify the token: %w", err)
	}
	return a.revoked.check(ctx, claims)
}
