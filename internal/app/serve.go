package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// healthPath is where monitors ask whether serve works, whatever Host they send.
const healthPath = "/healthz"

// ServeHandler returns what the local server serves: the paths of every function, / and /healthz, for the issuer's host,
// localhost and ALLOWED_HOSTS, with one log line for each request. Requests are not yet Identified.
func ServeHandler(c Config, p Ports) http.Handler {
	p = p.withSinks()
	notices := web.NewNotices(p.Log)
	routes := web.Routes{}
	for _, of := range functionRoutes(c, p, notices) {
		maps.Copy(routes, of)
	}
	routes["/"] = serveOnly(p, func(w http.ResponseWriter, _ *http.Request) error {
		return web.WriteJSON(w, http.StatusOK, map[string]string{"message": welcome(c)})
	})
	routes[healthPath] = serveOnly(p, func(w http.ResponseWriter, r *http.Request) error {
		if err := p.check(r.Context()); err != nil {
			return err
		}
		return web.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	hosts := append(web.Hosts{c.Issuer.Hostname()}, c.AllowedHosts...)
	handler := hosts.Handler(p.Metrics.Handler(routes), healthPath, notices)
	return c.TrustedProxies.Handler(web.LogRequests(handler, routes.Pattern, p.Log), notices)
}

// serveOnly is an endpoint that functions do not have.
func serveOnly(p Ports, handle web.Handler) http.Handler {
	return web.Endpoint{
		Method: http.MethodGet, Log: p.Log, Failure: map[string]string{"status": "failed"}, Handle: handle,
		Refusals: []web.Refusal{
			{Err: web.ErrMethod, Status: http.StatusMethodNotAllowed, Body: map[string]string{"message": "Method not allowed"}},
			{Err: web.ErrCrossSite, Status: http.StatusForbidden, Body: map[string]string{"message": "Not allowed from this site"}},
		},
	}
}

// welcome says what runs here, for the person who opens the server's address in a browser.
func welcome(c Config) string {
	var paths []string
	for _, x := range Contracts(c) {
		paths = append(paths, "POST "+x.Path())
	}
	return "This is Latchkey, a login service. Sign in with " + strings.Join(paths, " or ")
}

// check returns an error if the store or the keys cannot be read: no sign-in would succeed.
func (p Ports) check(ctx context.Context) error {
	const nobody = "health check" // no valid id has a space
	if _, _, err := p.Store.SessionAndUser(ctx, nobody, nobody); err != nil && !errors.Is(err, auth.ErrNotFound) {
		return fmt.Errorf("read the store: %w", err)
	}
	if _, err := p.Keys.MAC(ctx, nobody); err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	return nil
}
