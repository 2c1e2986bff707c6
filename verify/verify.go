// Package verify checks Latchkey's access tokens in a Go API, without a call to Latchkey for each token: it finds the public
// keys through the issuer, caches them, and checks tokens exactly as Latchkey itself does.
//
//	v, err := verify.New("https://login.example.com", "https://login.example.com")
//	…
//	http.Handle("/orders", v.Handler(orders))
//
// A token is valid until it expires, even if its user signs out before; use [WithSessionCheck] if that is too late.
//
// Until the module has a public home, an API imports it from a checkout:
//
//	go mod edit -require=latchkey@v0.0.0 -replace=latchkey=../latchkey
package verify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"latchkey/internal/cached"
	"latchkey/internal/jwk"
	"latchkey/internal/token"
)

var (
	// ErrInvalidToken reports an invalid token; the wrapped text gives logs the reason and quotes nothing of the token.
	ErrInvalidToken = token.ErrInvalidToken
	// ErrUnavailable reports that the keys or the session could not be read: the token may be valid, try again later.
	ErrUnavailable = errors.New("verify: unavailable")
)

// keysSoft is the age at which keys are fetched again: the max-age that Latchkey gives them.
const keysSoft = 5 * time.Minute

// Claims are the contents of a valid token: who signed in, and with which roles.
type Claims struct {
	Subject   string   // the user's id
	SessionID string   // the sign-in that the token comes from
	Roles     []string // the user's role, and the role in the organization if there is one
	Org       string   // the organization's id, or empty
	Actor     string   // id of the user who acts as Subject, or empty
	ID        string   // the token's own id

	AMR      []string  // how the user was authenticated (RFC 8176): "mfa" is among them if by a second factor
	AuthTime time.Time // when, in whole seconds; zero in older tokens

	IssuedAt, ExpiresAt time.Time
}

// SessionCheck reports whether the session of a valid token still exists. An error means that this is unknown.
type SessionCheck func(ctx context.Context, token string, c Claims) (stands bool, err error)

// Verifier checks tokens of one issuer for one audience. It is safe for concurrent use; a program needs only one.
type Verifier struct {
	issuer      string
	tokens      *token.Verifier
	transport   http.RoundTripper
	cookie      string
	crossOrigin *http.CrossOriginProtection
	stands      SessionCheck
	log         *slog.Logger
}

// Option changes how New builds a Verifier; New returns its error.
type Option func(*Verifier) error

// WithCookie takes the token from the cookie if a request has no Authorization header. Browsers send cookies automatically,
// so such requests must come from the API's own origin or a trusted one if they change something.
func WithCookie(name string, trustedOrigins ...string) Option {
	return func(v *Verifier) error {
		v.cookie = name
		for _, origin := range trustedOrigins {
			if err := v.crossOrigin.AddTrustedOrigin(origin); err != nil {
				return fmt.Errorf("verify: trusted origin: %w", err)
			}
		}
		return nil
	}
}

// WithSessionCheck calls check for every token that is otherwise valid, so an ended session is refused before its token
// expires. Every request pays the cost of check.
func WithSessionCheck(check SessionCheck) Option {
	return func(v *Verifier) error { v.stands = check; return nil }
}

// WithTransport fetches keys by the transport instead of http.DefaultTransport: for a proxy or a private CA.
func WithTransport(t http.RoundTripper) Option {
	return func(v *Verifier) error { v.transport = t; return nil }
}

// WithLogger sets the logger for refusals and failures; tokens are never logged. The default is slog.Default.
func WithLogger(log *slog.Logger) Option {
	return func(v *Verifier) error { v.log = log; return nil }
}

// New returns a verifier for tokens of the issuer, as in Latchkey's setting ISSUER, for the audience. The issuer must be
// an https URL, or http on this machine; nothing is fetched before the first token.
func New(issuer, audience string, options ...Option) (*Verifier, error) {
	base, err := parseIssuer(issuer)
	if err != nil {
		return nil, err
	}
	if audience == "" {
		return nil, errors.New("verify: the audience is empty; it is Latchkey's setting AUDIENCE, by default the issuer")
	}
	v := &Verifier{issuer: issuer, transport: http.DefaultTransport, crossOrigin: http.NewCrossOriginProtection(), log: slog.Default()}
	for _, option := range options {
		if err := option(v); err != nil {
			return nil, err
		}
	}
	keys := cached.New(newPublished(base, v.transport), cached.Config{Soft: keysSoft, Validate: func(jwks []byte) error {
		_, err := jwk.ParseSet(jwks)
		return err
	}})
	v.tokens = token.NewVerifier(keys, token.Config{Issuer: issuer, Audience: audience})
	return v, nil
}

// Verify returns the claims of a token that is valid now, or else ErrInvalidToken or ErrUnavailable, never both.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	c, err := v.tokens.Verify(ctx, raw)
	if errors.Is(err, ErrInvalidToken) {
		return Claims{}, err
	} else if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	claims := Claims{
		Subject: c.Subject, SessionID: c.SessionID, Roles: c.Roles, Org: c.Org, Actor: c.Actor, ID: c.ID,
		AMR: c.AMR, AuthTime: c.AuthTime, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
	}
	if v.stands == nil {
		return claims, nil
	}
	stands, err := v.stands(ctx, raw, claims)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: check the session: %w", ErrUnavailable, err)
	}
	if !stands {
		return Claims{}, fmt.Errorf("%w: its session has ended", ErrInvalidToken)
	}
	return claims, nil
}
