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
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/password"
	"latchkey/internal/web"
)

// Time limits of the local server; a login has the same 10 s that the Lambda function has.
const (
	requestLimit  = 10 * time.Second
	shutdownLimit = 15 * time.Second
)

func serveCommand(c *cli) *cobra.Command {
	var demo bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the login on this machine", Args: noArguments,
		Long: `Serves POST /api/users/login, POST /users/login and the session endpoints by the same handlers that run on Lambda,
and GET /healthz, over the store and keys named by --store and --keys. Files are made where they are absent. It prints
'listening on URL' when it is ready. SIGTERM or an interrupt lets it finish what is in flight and end.

It speaks plain HTTP: for this machine, or behind a proxy that speaks HTTPS and whose URL is the --issuer.

--demo adds four users and an integration client, and prints curl lines to try. It refuses a store with other users.`,
		Example: "  latchkey serve --demo\n  latchkey serve --addr :8080 --store sqlite:/var/lib/latchkey.db",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.serve(cmd, demo)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&demo, "demo", false, "add demo users and print curl lines")
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

func (c *cli) serve(cmd *cobra.Command, demo bool) error {
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	if demo && config.Store.Kind != "sqlite" {
		return usageError{fmt.Errorf("--demo adds users whose password everybody knows, to a local file alone, not to %s", config.Store)}
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
	records, err := c.openAudit(cmd)
	if err != nil {
		return err
	}
	defer records.Close()
	defer records.reopenOnHangup(cmd.Context())()
	log := slog.New(web.LogHandler(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: config.LogLevel})))
	log.Info("starting", "version", app.Version())
	for _, warning := range slices.Concat(app.UnknownSettings(c.environ()), config.Warnings()) {
		log.Warn(warning)
	}
	relaxGC(password.DefaultLimit(config.PasswordHash), c.getenv)
	ports, store, err := c.ports(cmd, config, log, records.sink(log))
	if err != nil {
		return err
	}
	defer store.Close()
	if demo {
		if err := c.demo(cmd, store, ports.Passwords, base); err != nil {
			return err
		}
	}
	handler := app.Identified(observed(app.ServeHandler(config, ports), log))
	return c.listen(cmd.Context(), listener, base, handler, log)
}

// listen serves until ctx ends, and then finishes what is in flight.
func (c *cli) listen(ctx context.Context, listener net.Listener, base string, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       requestLimit,
		WriteTimeout:      requestLimit + 5*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	fmt.Fprintln(c.out, "listening on "+base)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping: finishing what is in flight")
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
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

// observed limits each request's time and writes one line for it, without its query, which may hold credentials.
func observed(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), requestLimit)
		defer cancel()
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r.WithContext(ctx))
		log.InfoContext(r.Context(), "request", "method", r.Method, "path", logged(r.URL.Path), "status", answer.status,
			"ms", float64(time.Since(start).Microseconds())/1000, "source", r.RemoteAddr)
	})
}

// logged is a path without the id of a session, in whose place a client may send any text, a token too.
func logged(path string) string {
	const sessions = "/api/users/sessions/"
	if strings.HasPrefix(path, sessions) {
		return sessions + "{id}"
	}
	return path
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
