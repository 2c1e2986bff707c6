package web

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// maxNotices bounds how many subjects a process logs one message about: a stranger chooses what their requests say, and must
// not use up the room of other messages.
const maxNotices = 100

// Notices logs what requests reveal about the deployment's settings, each notice once. A nil Notices logs nothing; it may
// be used concurrently.
type Notices struct {
	log    *slog.Logger
	mu     sync.Mutex
	logged map[string]map[string]bool // subjects by message
}

// NewNotices returns notices that go to the log as warnings, each once for its subject and at most a hundred of a kind.
func NewNotices(log *slog.Logger) *Notices {
	return &Notices{log: log, logged: map[string]map[string]bool{}}
}

// warn logs the message unless it was logged about the same subject before.
func (n *Notices) warn(r *http.Request, subject, message string, args ...any) {
	if n == nil {
		return
	}
	n.mu.Lock()
	subjects := n.logged[message]
	if subjects == nil {
		subjects = map[string]bool{}
		n.logged[message] = subjects
	}
	known := subjects[subject] || len(subjects) >= maxNotices
	if !known {
		subjects[subject] = true
	}
	n.mu.Unlock()
	if !known {
		n.log.WarnContext(r.Context(), message, args...)
	}
}

// origin warns about a page that the browser keeps from using the endpoint.
func (n *Notices) origin(allowed Origins, r *http.Request) {
	origin := r.Header.Get("Origin")
	switch {
	case origin == "" || len(origin) > 300:
	case slices.Contains(allowed, origin):
		n.loopback(origin, r)
	case !allowed.cannotRead(r):
	case checkOrigin(origin) == nil:
		n.warn(r, origin, "a page of an origin that is not allowed called the API; to let it in, add the origin to ALLOWED_ORIGINS (serve --allowed-origins)",
			"origin", origin)
	case origin == "null":
		n.warn(r, origin, "a page without an origin called the API and cannot be let in: open it over HTTP, not from a file or in a sandboxed frame")
	}
}

// loopback warns about a page on localhost that calls 127.0.0.1, or the other way around: to a browser they are two
// sites, and it keeps no SameSite cookie.
func (n *Notices) loopback(origin string, r *http.Request) {
	page, err := url.Parse(origin)
	if err != nil {
		return
	}
	called := hostname(r.Host)
	if page.Hostname() == called || !isLoopback(page.Hostname()) || !isLoopback(called) {
		return
	}
	api := *page
	api.Host = page.Hostname()
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		api.Host = net.JoinHostPort(page.Hostname(), port)
	}
	n.warn(r, origin+" "+called, "a page and the API that it calls have different names of this machine, so the browser keeps no cookie; use the same name for both",
		"page", origin, "api", r.Host, "callInstead", api.String())
}

// hostname returns a Host header's host in lower case, without a port, brackets, and a dot at the end.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

// isLoopback reports whether the host is localhost or a loopback address. Names under localhost are not: a resolver may send them to
// another machine.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
