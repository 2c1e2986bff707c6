package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/mail"
)

// resets is the account function with mail, and what its mails go through.
type resets struct {
	kit     *authtest.Kit
	outbox  authtest.Outbox
	config  app.Config
	ports   app.Ports
	handler http.Handler
	sent    []mail.Mail
}

// Send keeps the mail.
func (r *resets) Send(_ context.Context, m mail.Mail) error {
	r.sent = append(r.sent, m)
	return nil
}

func newResets(t *testing.T, outbox auth.Outbox) *resets {
	t.Helper()
	r := &resets{kit: authtest.NewKit(t, authtest.Ada(), authtest.Grace())}
	if outbox == nil {
		outbox = &r.outbox
	}
	var err error
	r.config, err = app.ConfigFrom(settings{"RESET_URL": "https://app.example.com/reset", "MAIL_FROM": "login@example.com"}.get)
	check(t, err)
	r.ports = app.Ports{
		Store: r.kit.Store, Outbox: outbox, Passwords: r.kit.Hasher, Keys: r.kit.Keyring, Tokens: r.kit.Keyring,
		Audit: r.kit.Log.Sink(), Log: r.kit.Log.Logger(), Now: r.kit.Clock.Now,
	}
	r.handler = app.AccountHandler(r.config, r.ports)
	return r
}

// ask sends the body to the path, and returns status and body of the answer.
func (r *resets) ask(path, body string, header ...string) string {
	q := httptest.NewRequest(http.MethodPost, "http://localhost"+path, strings.NewReader(body))
	q.RemoteAddr = home
	q.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			q.Host = header[i+1]
		}
		q.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	r.handler.ServeHTTP(answer, q)
	return fmt.Sprint(answer.Code, " ", strings.TrimSpace(answer.Body.String()))
}

func bothResets() map[string]string {
	return map[string]string{"/api/users/password/reset": "username", "/users/password/reset": "email"}
}

// TestResetHost promises that no header of a request decides where the link of a mail leads: it is always RESET_URL.
func TestResetHost(t *testing.T) {
	for path, member := range bothResets() {
		r := newResets(t, nil)
		got := r.ask(path, `{"`+member+`":"ada@example.com"}`, "Host", "evil.example", "X-Forwarded-Host", "evil.example",
			"Forwarded", "host=evil.example;proto=http", "X-Original-URL", "https://evil.example/", "Referer", "https://evil.example/")
		messages := r.outbox.Messages()
		if diff := cmp.Diff([]auth.Message{{Kind: auth.MessageReset, UserID: "ada"}}, messages); diff != "" || !strings.HasPrefix(got, "200 ") {
			t.Fatalf("%s: %s (-want +got):\n%s", path, got, diff)
		}
		check(t, app.NewMailer(r.config, r.ports, r).Deliver(t.Context(), auth.QueuedMessage{ID: "1", Message: messages[0], Attempts: 1}))
		if raw := r.sent[0].Text + string(r.sent[0].Raw); strings.Contains(raw, "evil") || !strings.Contains(r.sent[0].Text, "\nhttps://app.example.com/reset#token=") {
			t.Errorf("%s: %s", path, r.sent[0].Text)
		}
	}
}

// TestResetAddresses promises a 400 for a text that is not an address, and for all others the same answer and one message, which names a
// user only by an id: no typed text gets any further.
func TestResetAddresses(t *testing.T) {
	for path, member := range bothResets() {
		for typed, valid := range map[string]bool{
			`ada@example.com`:                       true,
			` ADA@Example.COM `:                     true,
			`nobody@example.com`:                    true,
			`jürgen@bücher.example`:                 true,
			`ada@example.com\r\nBcc: eve@a.example`: false,
			`ada@example.com\u0000`:                 false,
			`ada@example.com,eve@a.example`:         false,
			`\"ada\"@example.com`:                   false,
			`Ada <ada@example.com>`:                 false,
			`ada@example.com\u202e`:                 false,
			`ada`:                                   false,
			``:                                      false,
		} {
			r := newResets(t, nil)
			got := r.ask(path, `{"`+member+`":"`+typed+`"}`)
			messages := r.outbox.Messages()
			if !valid && (!strings.HasPrefix(got, "400 ") || len(messages) > 0) {
				t.Errorf("%s %s: %s, %v", path, typed, got, messages)
			}
			known := newResets(t, nil).ask(path, `{"`+member+`":"ada@example.com"}`)
			if valid && (got != known || len(messages) != 1 || strings.Contains(messages[0].UserID, "@")) {
				t.Errorf("%s %s: %s, %v", path, typed, got, messages)
			}
		}
	}
}

// hanging is an outbox that is down, at once or after the caller's patience.
type hanging struct{ wait time.Duration }

func (h hanging) Send(ctx context.Context, _ auth.Message) error {
	select {
	case <-time.After(h.wait):
	case <-ctx.Done():
	}
	return fmt.Errorf("queue: %w", auth.ErrUnavailable)
}

// TestResetWithoutOutbox promises the contract's own 500 for every address alike while messages cannot be handed over, and that a changed
// password is answered as changed although nobody can be told.
func TestResetWithoutOutbox(t *testing.T) {
	for _, wait := range []time.Duration{0, 300 * time.Millisecond} {
		r := newResets(t, hanging{wait})
		for path, member := range bothResets() {
			known := r.ask(path, `{"`+member+`":"ada@example.com"}`)
			unknown := r.ask(path, `{"`+member+`":"nobody@example.com"}`)
			if known != unknown || !strings.HasPrefix(known, "500 ") {
				t.Errorf("%s: %s for a known address, %s for an unknown one", path, known, unknown)
			}
		}
		_, token, err := r.kit.Service(auth.Rules{}).MailToken(t.Context(), "ada", auth.MessageReset, false)
		check(t, err)
		r.kit.Log.Keep(token)
		if got := r.ask("/api/users/password/reset/confirm", `{"token":"`+token+`","newPassword":"a walrus in the attic"}`); got != `200 {"message":"Password changed"}` {
			t.Errorf("confirm: %s", got)
		}
	}
}
