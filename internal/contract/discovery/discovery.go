// Package discovery publishes what anyone needs to verify our tokens without asking us: the public keys as a JWK Set
// (RFC 7517 5), and the OpenID Connect Discovery document by which API Gateway and JWT libraries find it.
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

// The documents' paths, below the issuer's.
const (
	JWKSPath          = "/.well-known/jwks.json"
	ConfigurationPath = "/.well-known/openid-configuration"
)

// Config is what a deployment decides about these endpoints.
type Config struct {
	Issuer string // as in tokens, to the letter: readers compare it
	Log    *slog.Logger
	Now    func() time.Time // nil is the real clock
}

// Source is where the published JWK Set comes from, cached; it is asked for every request.
type Source interface {
	// Get returns the JWK Set, whose bytes nobody changes.
	Get(ctx context.Context) ([]byte, error)
}

// Routes returns the two endpoints by their paths. Where no keys can be had, before the first ring too, both are a
// 500 that nobody caches: an empty answer would make good tokens look bad.
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
		JWKSPath:          endpoint(func(d *documents) document { return d.jwks }),
		ConfigurationPath: endpoint(func(d *documents) document { return d.configuration }),
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

// maxAge is how old rendered documents get: keys retire by the clock, between two changes of the set.
const maxAge = time.Minute

// documents returns both documents, rendered once for as long as the keys stay the same.
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
