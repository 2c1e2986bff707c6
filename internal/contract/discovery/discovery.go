// Package discovery publishes what other programs need to verify our tokens: the public keys as a JWK Set (RFC 7517 5), and
// the OpenID Connect Discovery document through which API Gateway and JWT libraries find it. For browsers it publishes whose pages may use
// the passkeys.
package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"latchkey/internal/web"
)

// The paths of the documents, below the issuer's.
const (
	JWKSPath          = "/.well-known/jwks.json"
	ConfigurationPath = "/.well-known/openid-configuration"
)

// Config is what a deployment decides about these endpoints.
type Config struct {
	Issuer         string   // exactly as in tokens: readers compare it
	PasskeyOrigins []string // pages of other domains that may use the passkeys
	Log            *slog.Logger
	Now            func() time.Time // nil is the real clock
}

// Source returns the published JWK Set from a cache; it is called for every request.
type Source interface {
	// Get returns the JWK Set; the caller must not change its bytes.
	Get(ctx context.Context) ([]byte, error)
}

// Routes returns the endpoints by path. Without keys, also before the first ring, the two about keys answer a 500 that must not be
// cached: an empty set would make valid tokens look invalid.
func Routes(c Config, keys Source) web.Routes {
	h := &handler{issuer: c.Issuer, keys: keys, now: c.Now}
	if h.now == nil {
		h.now = time.Now
	}
	endpoint := func(pick func(*documents) document) http.Handler {
		return web.Endpoint{
			Method: http.MethodGet, Public: true, Log: c.Log, Failure: message{"Internal server error"},
			Refusals: []web.Refusal{{Err: web.ErrMethod, Status: http.StatusMethodNotAllowed, Body: message{"Method not allowed"}}},
			Handle: func(w http.ResponseWriter, r *http.Request) error {
				docs, err := h.documents(r.Context())
				if err != nil {
					return err
				}
				return pick(docs).write(w, r)
			},
		}
	}
	return web.Routes{
		JWKSPath:           endpoint(func(d *documents) document { return d.jwks }),
		ConfigurationPath:  endpoint(func(d *documents) document { return d.configuration }),
		RelatedOriginsPath: relatedOrigins(c),
	}
}

type handler struct {
	issuer string
	keys   Source
	now    func() time.Time
	last   atomic.Pointer[documents]
}

type message struct {
	Message string `json:"message"`
}

// maxAge is the maximum age of rendered documents: keys retire by the clock, between two changes of the set.
const maxAge = time.Minute

// documents returns both documents, rendered again only when the keys change.
func (h *handler) documents(ctx context.Context) (*documents, error) {
	text, err := h.keys.Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("get the public keys: %w", err)
	}
	last, now := h.last.Load(), h.now()
	if last == nil || string(last.source) != string(text) || now.Sub(last.made) >= maxAge {
		if last, err = render(h.issuer, text, now); err != nil {
			return nil, err
		}
		h.last.Store(last)
	}
	return last, nil
}
