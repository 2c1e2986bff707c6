package relay

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/mail"
)

// TestOutboxOverSMTP promises that mails which were asked for while the server was down arrive when it is up again.
func TestOutboxOverSMTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	k := authtest.NewKit(t, authtest.NewUser("ada"))
	mailer := mail.New(mail.Config{
		Writer: mail.Writer{Service: "Orders", From: "login@example.com"}, Sender: server{port: port}.relay(t, "smtp", "", true),
		Users: k.StorePort(), Tokens: k.Service(auth.Rules{}), Audit: k.Log.Sink(), Log: k.Log.Logger(),
	})
	outbox := mail.NewOutbox(k.Store.(mail.Queue), mailer, 50*time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { outbox.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	for range 3 {
		check(t, outbox.Send(t.Context(), auth.Message{Kind: auth.MessagePasswordChanged, UserID: "ada"}))
	}
	for !strings.Contains(k.Log.String(), "unavailable") {
		time.Sleep(10 * time.Millisecond)
	}
	s := start(t, "--port", port)
	for range 3 {
		if got := s.next(t); got.To[0] != "ada@example.com" || !strings.Contains(got.Raw, "Your password for Orders was changed") {
			t.Errorf("%+v", got)
		}
	}
}
