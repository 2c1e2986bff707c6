// Package app is configuration and wiring: it reads the settings once, checks them all, and has one
// constructor per deployed function. The binary builds the same handlers over its own store.
package app

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/auth"
	"latchkey/internal/contract/planpoint"
	"latchkey/internal/contract/session"
	"latchkey/internal/factor"
	"latchkey/internal/lambdahttp"
	"latchkey/internal/metrics"
	"latchkey/internal/token"
	"latchkey/internal/web"
)

// Ports is what handlers are made of, apart from the settings.
type Ports struct {
	Store     auth.Store
	Passwords auth.Passwords
	Keys      auth.Keys
	Passkeys  auth.Passkeys // only for the account function
	Tokens    auth.Verifier
	// PublicKeys holds the JWK Set, for the functions that verify and publish.
	PublicKeys token.Source
	Listed     func(password string) bool // whether attackers try a password first; nil: not known
	Outbox     auth.Outbox                // of mails; nil: none are sent
	Audit      auth.AuditSink             // nil: the log
	Log        *slog.Logger
	Metrics    *metrics.Recorder // nil: none
	Now        func() time.Time  // nil: the real clock
	NewID      func() string     // nil: auth.NewID
	Random     io.Reader         // of seeds and recovery codes; nil: crypto/rand.Reader
	// Serial is auth.Config.Serial.
	Serial bool
}

// LoginHandler returns the handler of the login function: the contracts that are on, and a JSON 404 for other paths.
func LoginHandler(c Config, p Ports) http.Handler {
	notices := web.NewNotices(p.Log)
	return Identified(c.TrustedProxies.Handler(p.Metrics.Handler(loginRoutes(c, p.withSinks(), notices)), notices))
}

// SessionHandler returns the handler of the session function: refresh, logout, who-am-I, and the user's sessions.
func SessionHandler(c Config, p Ports) http.Handler {
	notices := web.NewNotices(p.Log)
	return Identified(c.TrustedProxies.Handler(p.Metrics.Handler(sessionRoutes(c, p.withSinks(), notices)), notices))
}

// AccountHandler returns the handler of the account function: second factors, at sign-in and of one's own.
func AccountHandler(c Config, p Ports) http.Handler {
	notices := web.NewNotices(p.Log)
	return Identified(c.TrustedProxies.Handler(p.Metrics.Handler(accountRoutes(c, p.withSinks(), notices)), notices))
}

// withSinks decides where audit records go, and wraps stores and hasher so that their calls are measured.
func (p Ports) withSinks() Ports {
	if p.Audit == nil {
		p.Audit = audit.Log(p.Log)
	}
	if p.Metrics == nil {
		return p
	}
	p.Store, p.Passwords, p.Audit = p.Metrics.Store(p.Store), p.Metrics.Passwords(p.Passwords), audit.Tee(p.Audit, p.Metrics)
	return p
}

func (p Ports) random() io.Reader {
	if p.Random == nil {
		return rand.Reader
	}
	return p.Random
}

// NewMetrics returns the recorder of the metrics, which writes to out, or nil if the settings turn metrics off.
func NewMetrics(c Config, ring *token.Keyring, out io.Writer) *metrics.Recorder {
	if c.Metrics == "" {
		return nil
	}
	return metrics.New(out, c.Metrics, ring.SignsSince, time.Now)
}

func sessionRoutes(c Config, p Ports, notices *web.Notices) web.Routes {
	return session.Routes(
		session.Config{Cookies: cookies(c), Origins: c.AllowedOrigins, Notices: notices, Log: p.Log},
		auth.NewSessions(domain(c, p)))
}

// domain is what both of auth's services are made of.
func domain(c Config, p Ports) auth.Config {
	return auth.Config{
		Store: p.Store, Passwords: p.Passwords, Keys: p.Keys, Codes: factor.NewCodes(p.Keys, p.random()), Passkeys: p.Passkeys, Tokens: p.Tokens,
		Rules: rules(c), Listed: p.Listed, Choice: choice(c, p), Outbox: p.Outbox, Audit: p.Audit, Log: p.Log, Now: p.Now, NewID: p.NewID, Serial: p.Serial,
	}
}

// choice are the rules for passwords that users choose.
func choice(c Config, p Ports) auth.PasswordRules {
	return auth.PasswordRules{Min: c.PasswordMin, Service: c.Name(), Listed: p.Listed, Lenient: c.LenientPasswords}
}

func rules(c Config) auth.Rules {
	return auth.Rules{
		QualifyingRoles: c.QualifyingRoles, ImpersonatorRoles: c.ImpersonatorRoles,
		FactorRoles: c.FactorRoles, FactorAppend: c.FactorAppend, FactorIntegrations: c.FactorIntegrations == FactorRequired, FactorRemember: c.FactorRemember, Notices: c.Notices,
		RelyingParty: c.relyingParty(),
		Limits:       c.Throttle, Decoys: c.Decoys, RefreshGrace: c.RefreshGrace, RefreshRetry: c.RefreshRetry, SessionIdle: c.SessionIdle, SessionMax: c.SessionMax,
	}
}

// NewSeeds returns what opens and seals the seeds of users who are exported or imported.
func NewSeeds(keys auth.Keys) factor.Seeds { return factor.NewSeeds(keys, rand.Reader) }

func cookies(c Config) planpoint.Cookies {
	return planpoint.Cookies{IssuerHost: c.Issuer.Hostname(), IssuerPath: c.Issuer.Path, Domain: c.CookieDomain, Insecure: c.InsecureCookies}
}

// Identified gives each request the gateway's id, or a random one without a gateway.
func Identified(h http.Handler) http.Handler {
	return web.Identify(h, func(r *http.Request) string {
		if id := lambdahttp.RequestID(r.Context()); id != "" {
			return id
		}
		var b [8]byte
		rand.Read(b[:]) // never fails: crypto/rand ends the process instead
		return hex.EncodeToString(b[:])
	})
}
