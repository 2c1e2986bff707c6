package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/password"
	"latchkey/internal/setting"
	"latchkey/internal/web"
)

// Time limits of the local server; a login has the same 10 s that the Lambda function has.
const (
	requestLimit  = 10 * time.Second
	shutdownLimit = 15 * time.Second
)

func serveCommand(c *cli) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the login on this machine", Args: noArguments,
		Long: `Serves POST /api/users/login, POST /users/login and the session endpoints by the same handlers that run on Lambda,
and GET /healthz, over the store and keys named by --store and --keys. Files are made where they are absent. It prints
'listening on URL' when it is ready. SIGTERM or an interrupt lets it finish what is in flight and end.

It speaks plain HTTP: for this machine, or behind a proxy that speaks HTTPS, whose URL is the --issuer and whose address
is in --trusted-proxies: without it, all clients behind the proxy count as one source and lock each other out. It answers
only for the issuer's host, localhost, loopback addresses and --allowed-hosts; other hosts get 421, except at /healthz.

Browsers treat http://localhost and http://127.0.0.1 as different sites: open your page under the name that it calls.
Safari keeps no Secure cookie over plain HTTP; --insecure-cookies sets them without Secure, on a loopback address only.

--demo adds four users and an integration client, and prints curl lines to try. It has its own files, latchkey-demo.db and
latchkey-demo-keys.json, unless --store or --keys names others, and refuses a store with other users. Its mails are files
in latchkey-demo-mail, unless --mail says otherwise, and the console shows them.`,
		Example: "  latchkey serve --demo\n  latchkey serve --addr :8080 --store sqlite:/var/lib/latchkey.db",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.serve(cmd, o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.demo, "demo", false, "add demo users and print curl lines")
	flags.BoolVar(&o.insecureCookies, "insecure-cookies", false, "set cookies without Secure, for Safari on http://localhost; only on a loopback address")
	flags.SortFlags = false // in the settings' own order
	var names []string
	for _, s := range app.Settings() {
		if !isRootFlag(s) {
			names = append(names, s.Name)
		}
	}
	addFlags(cmd, names...)
	return cmd
}

// serveOptions are the flags that only serve has, without environment variables.
type serveOptions struct {
	demo, insecureCookies bool
}

// checkCookies refuses cookies without Secure that could leave this machine: a proxy in front has another issuer.
func (o serveOptions) checkCookies(config app.Config, addr net.Addr) error {
	switch {
	case o.insecureCookies && !isLoopback(addr):
		return usageError{fmt.Errorf("--insecure-cookies is for a loopback address only, not for %s: others could read the cookies on the way", addr)}
	case o.insecureCookies && !setting.IsLoopback(config.Issuer.Hostname()):
		return usageError{fmt.Errorf("--insecure-cookies is for browsers on this machine only, and the issuer is %s", config.Issuer)}
	}
	return nil
}

// apply returns the config with what the flags change.
func (o serveOptions) apply(config app.Config, addr net.Addr) app.Config {
	config.InsecureCookies, config.LenientPasswords = o.insecureCookies, o.demo
	if !o.demo {
		return config
	}
	return withLocalPasskeys(withConsoleResets(config, addr), addr)
}

func (c *cli) serve(cmd *cobra.Command, o serveOptions) error {
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	if o.demo && !config.Store.IsLocal() {
		return usageError{fmt.Errorf("--demo adds users whose password everybody knows, only to a local file, not to %s", config.Store)}
	}
	listener, err := net.Listen("tcp", config.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; --addr chooses another, and port 0 picks a free one", config.Addr, err)
	}
	defer listener.Close()
	base := (&url.URL{Scheme: "http", Host: reachable(listener.Addr())}).String()
	if config, err = c.configAt(cmd, base); err != nil {
		return usageError{err}
	}
	if err := o.checkCookies(config, listener.Addr()); err != nil {
		return err
	}
	config = o.apply(config, listener.Addr())
	records, err := c.openAudit(cmd)
	if err != nil {
		return err
	}
	defer records.Close()
	defer records.reopenOnHangup(cmd.Context())()
	log := c.log(config.LogLevel)
	log.Info("starting", "version", app.Version())
	for _, warning := range slices.Concat(app.UnknownSettings(c.environ()), config.Warnings()) {
		c.log(config.WarningLevel()).Warn(warning)
	}
	relaxGC(password.DefaultLimit(config.PasswordHash), config.NewHasher().Retained(), c.getenv)
	feed, sink := consoleFeed(config, listener.Addr(), records.sink(log))
	ports, store, err := c.ports(cmd, config, log, sink)
	if err != nil {
		return err
	}
	defer store.Close()
	stopMail, err := c.startMail(cmd, config, &ports, store)
	if err != nil {
		return err
	}
	defer stopMail()
	demo, err := c.addDemo(cmd, o, store, ports.Passwords, base, log)
	if err != nil {
		return err
	}
	served := localServer{listener: listener, base: base, log: log, handler: limited(app.ServeHandler(config, ports)), done: make(chan struct{})}
	if feed != nil {
		if err := served.addConsole(config, demo, c.storeAdmin(config, store, ports.Outbox, sink), feed); err != nil {
			return err
		}
	}
	served.handler = app.Identified(served.handler)
	return c.listen(cmd.Context(), served)
}

// localServer is what serve runs.
type localServer struct {
	listener net.Listener
	base     string // the URL of the listener
	log      *slog.Logger
	handler  http.Handler
	token    string        // of the console's operators; empty: no console
	done     chan struct{} // closed when the server stops
}

// log returns the server's log, as text on standard error.
func (c *cli) log(level slog.Level) *slog.Logger {
	return slog.New(web.LogHandler(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level})))
}

// listen serves until ctx ends, and then finishes what is in flight.
func (c *cli) listen(ctx context.Context, s localServer) error {
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       requestLimit,
		WriteTimeout:      requestLimit + 5*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	page := local(s.listener.Addr())
	operators := "" // printed in one write with the rest: scripts stop reading at the line they wait for
	if s.token != "" {
		operators = fmt.Sprintf("operators open %s/#token=%s\n", page, s.token)
	}
	fmt.Fprintf(c.out, "listening on %s\nopen %s\n%s", s.base, page, operators)
	server.RegisterOnShutdown(func() { close(s.done) })
	done := make(chan error, 1)
	go func() { done <- server.Serve(s.listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.log.Info("stopping: finishing what is in flight")
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if err := server.Shutdown(rest); err != nil {
		return fmt.Errorf("some requests did not finish within %s: %w", shutdownLimit, err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// reachable is an address that a client on this machine can call: a listener on all addresses is at localhost.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

// local is the URL to open in a browser: localhost is the name that browsers treat as secure, and passkeys need a name.
func local(addr net.Addr) string {
	host := reachable(addr)
	if _, port, err := net.SplitHostPort(host); err == nil && isLoopback(addr) {
		host = net.JoinHostPort("localhost", port)
	}
	return (&url.URL{Scheme: "http", Host: host}).String()
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// limited gives each request the time that the Lambda function has.
func limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestLimit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
