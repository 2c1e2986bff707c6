package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"time"

	"latchkey/internal/admin"
	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/auth"
	"latchkey/internal/console"
	"latchkey/internal/setting"
)

// hasConsole reports whether serve has a console, which is only for browsers on this machine.
func hasConsole(config app.Config, addr net.Addr) bool {
	return isLoopback(addr) && setting.IsLoopback(config.Issuer.Hostname())
}

// consoleFeed returns the feed of the console's audit records, and a sink that also writes to it. The feed is nil if serve has no
// console.
func consoleFeed(config app.Config, addr net.Addr, sink auth.AuditSink) (*console.Feed, auth.AuditSink) {
	if !hasConsole(config, addr) {
		return nil, sink
	}
	feed := console.NewFeed()
	return feed, audit.Tee(sink, audit.Log(app.NewLogger(feed, slog.LevelInfo)))
}

// addConsole puts the console in front of the login. Its operators' token is new at each start and only ever printed.
func (s *localServer) addConsole(config app.Config, demo *console.Demo, operators *admin.Admin, feed *console.Feed) error {
	about := console.About{Version: app.Version(), Issuer: config.Issuer.String(), Paths: app.Paths(config), Demo: demo}
	for _, x := range app.Contracts(config) {
		about.Contracts = append(about.Contracts, console.Contract{Name: x.Terms().Contract, Path: x.Path()})
	}
	s.token = rand.Text()
	own := console.Config{
		API: s.handler, About: about, Token: s.token, Admin: operators, Hasher: config.NewHasher(), Feed: feed, Done: s.done, Log: s.log, Now: time.Now,
	}
	if config.Mail.Kind == app.MailFile {
		own.Mails = config.Mail.Name
	}
	handler, err := console.New(own)
	if err != nil {
		return err
	}
	s.handler = handler
	return nil
}

// storeAdmin returns an Admin over the store and the outbox that serve has open.
func (c *cli) storeAdmin(config app.Config, store admin.Store, outbox auth.Outbox, sink auth.AuditSink) *admin.Admin {
	a := c.newAdmin(config, sink)
	a.OpenStore = func(context.Context, bool) (admin.Store, error) { return shared{store}, nil }
	if a.Notify != nil {
		a.Notify = func(ctx context.Context, _ admin.Store, m auth.Message) error { return outbox.Send(ctx, m) }
	}
	return a
}

// shared is a store that stays open after an operation.
type shared struct{ admin.Store }

// Close leaves the store to serve.
func (shared) Close() error { return nil }
