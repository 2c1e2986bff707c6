// Package verify lets a Go API trust Latchkey's access tokens without asking Latchkey about each: it finds the public
// keys by the issuer, keeps them, and checks tokens exactly as Latchkey itself does.
//
//	v, err := verify.New("https://login.example.com", "https://login.example.com")
//	…
//	http.Handle("/orders", v.Handler(orders))
//
// A token stays good until it expires, whoever signs out before; see [WithSessionCheck] where that is too late.
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
	// ErrInvalidToken: the token is not good, for whatever reason; the wrapped text tells it to logs and quotes nothing.
	ErrInvalidToken = token.ErrInvalidToken
	// ErrUnavailable: keys or session could not be had, so that nothing is known about the token; try again later.
	ErrUnavailable = errors.New("verify: unavailable")
)

// keysSoft is how old the keys get before they are fetched anew: as long as Latchkey lets them be cached.
const keysSoft = 5 * time.Minute

// Claims is what a good token says: who signed in, and what they may do.
type Claims struct {
	Subject   string   // the user's id
	SessionID string   // the sign-in that the token comes from
	Roles     []string // the user's role and, in an organization, the one there
	Org       string   // the organization's id, or empty
	Actor     string   // id of the user who acts as Subject, or empty
	ID        string   // the token's own id

	IssuedAt, ExpiresAt time.Time
}

// SessionCheck tells whether the session of a good token still stands. An error means that this is not known.
type SessionCheck func(ctx context.Context, token string, c Claims) (stands bool, err error)

// Verifier checks tokens of one issuer for one audience; it may be used concurrently, and one serves a whole program.
type Verifier struct {
	issuer      string
	tokens      *token.Verifier
	transport   http.RoundTripper
	cookie      string
	crossOrigin *http.CrossOriginProtection
	stands      SessionCheck
	log         *slog.Logger
}

// Option changes how New builds a Verifier; what it cannot take is New's error.
type Option func(*Verifier) error

// WithCookie takes the token from the cookie where a request has no Authorization header. Browsers send cookies by
// themselves, so of such requests those that change something must come from the API's own origin or a trusted one.
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

// WithSessionCheck asks, for every token that is otherwise good, whether its session still stands. It costs what the
// function costs, each time.
func WithSessionCheck(check SessionCheck) Option {
	return func(v *Verifier) error { v.stands = check; return nil }
}

// WithTransport fetches keys by the transport instead of http.DefaultTransport: for a proxy or a private CA.
func WithTransport(t http.RoundTripper) Option {
	return func(v *Verifier) error { v.transport = t; return nil }
}

// WithLogger sets where refusals and failures are logged, never with the token; without it that is slog.Default.
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
	keys := cached.New(newPublished(base, v.transport), cached.Options{Soft: keysSoft, Validate: func(jwks []byte) error {
		_, err := jwk.ParseSet(jwks)
		return err
	}})
	v.tokens = token.NewVerifier(keys, token.Config{Issuer: issuer, Audience: audience})
	return v, nil
}

// Verify returns the claims of a token that is good now, else ErrInvalidToken or ErrUnavailable, never both.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	c, err := v.tokens.Verify(ctx, raw)
	if errors.Is(err, ErrInvalidToken) {
		return Claims{}, err
	} else if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	claims := Claims{
		Subject: c.Subject, SessionID: c.SessionID, Roles: c.Roles, Org: c.Org, Actor: c.Actor, ID: c.ID,
		IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
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
