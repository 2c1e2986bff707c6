// Package console serves the pages of `latchkey serve` and what their scripts ask for. The pages call the login itself as
// any other page would; this package adds what a browser hides, and what operators do with their token.
//
// All of it is for a browser on the same machine. A request that did not come from a loopback address, to a loopback name,
// without a proxy in between, finds only the login, as if there were no console.
package console

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"latchkey/api"
	"latchkey/internal/admin"
	"latchkey/internal/password"
	"latchkey/internal/web"
	pages "latchkey/web"
)

// Config is what the console shows and changes. Every field but Mails is required.
type Config struct {
	API   http.Handler // the login, which answers every path that is not the console's
	About About
	Token string // what operators send; the pages of a browser on this machine have it from the person who started serve
	Admin *admin.Admin
	Mails string // the folder that mails are written to; empty: they go elsewhere, and are not shown
	// Hasher hashes the passwords of imported users.
	Hasher *password.Hasher
	Feed   *Feed
	Done   <-chan struct{} // closed when the server stops: streams end
	Log    *slog.Logger
	Now    func() time.Time
}

// About says what the server offers, so that the page shows only what works.
type About struct {
	Version   string     `json:"version"`
	Issuer    string     `json:"issuer"`
	Contracts []Contract `json:"contracts"`
	Paths     []string   `json:"paths"` // of the login, in any order
	Demo      *Demo      `json:"demo,omitempty"`
}

// Contract is a wire format that is turned on.
type Contract struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// Demo is what `serve --demo` prints: users and a key that everybody may know.
type Demo struct {
	Password string     `json:"password"`
	Key      string     `json:"key"`
	Users    []DemoUser `json:"users"`
}

// DemoUser is one of the demo's users, and the one thing that they show.
type DemoUser struct {
	Email string `json:"email"`
	Shows string `json:"shows"`
}

// operators is the prefix of the calls that need the token.
const operators = "/console/operator/"

type console struct {
	Config
	own     web.Routes
	answers *recorder
}

// New returns the handler of the pages, of their calls, and of the login behind them.
func New(c Config) (http.Handler, error) {
	s := &console{Config: c, answers: newRecorder(c.API, c.Now)}
	if err := s.addFiles(); err != nil {
		return nil, fmt.Errorf("read the console's pages: %w", err)
	}
	s.own["/console/about"] = s.endpoint(http.MethodGet, s.about)
	s.own["/console/answer"] = s.endpoint(http.MethodPost, s.answer)
	for name, handle := range map[string]web.Handler{
		"keys": s.keys, "keys/rotate": s.rotate, "clients": s.clients, "clients/change": s.changeClient,
		"users": s.users, "users/show": s.user, "users/change": s.changeUser, "users/import": s.importUsers,
		"mails": s.mails,
	} {
		s.own[operators+name] = s.endpoint(http.MethodPost, s.forOperators(handle))
	}
	s.own[operators+"audit"] = http.HandlerFunc(s.audit)
	return s, nil
}

// addFiles makes the routes of the embedded files. The console's page is at /.
func (s *console) addFiles() error {
	console, err := newFiles(pages.Console(), "console", policy)
	if err != nil {
		return err
	}
	console["/"] = console["/console"]
	delete(console, "/console")
	docs, err := newFiles(pages.Docs(), "docs", docsPolicy)
	maps.Copy(console, docs)
	console["/docs/openapi.yaml"] = newFile("openapi.yaml", "application/yaml", docsPolicy, api.Description())
	s.own = console
	return err
}

// about says what the server offers, whether operators can read its mails, and which cookies the browser sent: only their names, which
// scripts cannot see.
func (s *console) about(w http.ResponseWriter, r *http.Request) error {
	names := []string{}
	for _, cookie := range r.Cookies() {
		names = append(names, cookie.Name)
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		About
		Mails   bool     `json:"mails"`
		Cookies []string `json:"cookies"`
	}{s.About, s.Mails != "", names})
}

// ServeHTTP answers what is the console's, and leaves everything else to the login.
func (s *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	handler, own := s.own[path]
	switch {
	case !isLocal(r), path == "/" && !wantsPage(r):
		s.API.ServeHTTP(w, r)
	case !own:
		s.answers.ServeHTTP(w, r)
	case !isLocalhost(r.Host) && r.Method == http.MethodGet:
		redirect(w, r)
	default:
		handler.ServeHTTP(w, r)
	}
}

// isLocal reports whether the request came from this machine, for a name that only this machine has. A page elsewhere whose
// name resolves to a loopback address (DNS rebinding) is not local, and neither is what a proxy forwards.
func isLocal(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || len(r.Header["X-Forwarded-For"])+len(r.Header["Forwarded"]) > 0 {
		return false
	}
	to, err := netip.ParseAddr(strings.Trim(hostname(r.Host), "[]"))
	return isLocalhost(r.Host) || err == nil && to.Unmap().IsLoopback()
}

func isLocalhost(host string) bool { return strings.EqualFold(hostname(host), "localhost") }

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// redirect sends a browser from an address to localhost: passkeys need a name, and browsers keep the cookies of the two apart.
func redirect(w http.ResponseWriter, r *http.Request) {
	host := "localhost"
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		host = net.JoinHostPort(host, port)
	}
	http.Redirect(w, r, "http://"+host+r.URL.RequestURI(), http.StatusFound)
}

// wantsPage reports whether the client is a browser that opens a page; others get the login's JSON.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
