package mail_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/mail"
	"latchkey/internal/mail/folder"
)

// post is an outbox over a real store that writes mails into a folder.
type post struct {
	kit    *authtest.Kit
	dir    string
	mailer *mail.Mailer
	outbox *mail.Outbox
}

func newPost(t *testing.T, users ...auth.User) *post {
	t.Helper()
	p := &post{kit: authtest.NewKit(t, users...), dir: filepath.Join(t.TempDir(), "mails")}
	to, err := folder.Open(p.dir)
	check(t, err)
	p.mailer = mail.New(mail.Config{
		Writer: writer(t, "Orders"), Sender: to, Users: p.kit.StorePort(), Tokens: p.kit.Service(auth.Rules{}),
		Audit: p.kit.Log.Sink(), Log: p.kit.Log.Logger(), Now: p.kit.Clock.Now,
	})
	p.outbox = mail.NewOutbox(p.queue(), p.mailer, time.Minute)
	return p
}

func (p *post) queue() mail.Queue { return p.kit.Store.(mail.Queue) }

// run lets the outbox work until no message is due.
func (p *post) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.outbox.Run(ctx); close(done) }()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, err := p.queue().NextMessage(t.Context(), p.kit.Clock.Now()); err != nil {
			break
		}
	}
	cancel()
	<-done
}

// mails returns the texts of the mails in the folder, in order of their subjects.
func (p *post) mails(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "*"))
	check(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		check(t, err)
		all = append(all, string(raw))
	}
	slices.Sort(all)
	return all
}

// records returns reason and mail of each audit record of a mail.
func (p *post) records(t *testing.T) (all []string) {
	for _, r := range p.kit.Log.Audit(t) {
		if r["event"] == "mail" {
			all = append(all, fmt.Sprint(r["reason"], " ", r["mail"]))
		}
	}
	return all
}

// TestOutbox promises that each message is sent once, that those to be dropped leave no mail, and that a message which can never
// be sent is set aside and stops no other.
func TestOutbox(t *testing.T) {
	p := newPost(t, authtest.NewUser("ada"))
	ctx := t.Context()
	check(t, p.queue().PutMessage(ctx, auth.QueuedMessage{ID: "forged", Message: auth.Message{Kind: "../../etc/passwd", UserID: "ada"}}, p.kit.Clock.Now()))
	for _, m := range []auth.Message{
		{Kind: auth.MessageReset, UserID: "ada"},
		{Kind: auth.MessagePasswordChanged, UserID: "ada"},
		{Kind: auth.MessageReset, UserID: "ada", Drop: true},
		{Kind: auth.MessageReset, UserID: "nobody"},
		{Kind: auth.MessageSignIn, UserID: "nobody"},
		{Kind: auth.MessageInvite, UserID: "ada"}, // who is not invited
	} {
		check(t, p.outbox.Send(ctx, m))
	}
	p.run(t)
	if got := p.mails(t); len(got) != 2 || !strings.Contains(strings.Join(got, ""), "#token=3D") {
		t.Errorf("%d mails: %s", len(got), got)
	}
	got := p.records(t)
	slices.Sort(got)
	want := []string{"dropped invite", "dropped reset", "dropped reset", "dropped sign_in", "mail_refused ../../etc/passwd", "ok password_changed", "ok reset", "set_aside ../../etc/passwd"}
	if !slices.Equal(got, want) {
		t.Errorf("records %q, want %q", got, want)
	}
	p.kit.Clock.Advance(48 * time.Hour)
	p.run(t)
	if len(p.mails(t)) != 2 || len(p.records(t)) != 0 {
		t.Error("a message was delivered again")
	}
}

// TestOutboxRetries promises that a message waits while it cannot be sent, each time for longer, is sent by a later process, and is
// counted once for the user.
func TestOutboxRetries(t *testing.T) {
	p := newPost(t, authtest.NewUser("ada"))
	check(t, os.RemoveAll(p.dir)) // the sender fails
	for range 2 {
		check(t, p.outbox.Send(t.Context(), auth.Message{Kind: auth.MessageReset, UserID: "ada"}))
	}
	for attempt, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		p.run(t)
		if got := p.records(t); !slices.Equal(got, []string{"unavailable reset", "unavailable reset"}) {
			t.Fatalf("attempt %d: %q", attempt, got)
		}
		p.kit.Clock.Advance(wait - time.Second)
		if _, err := p.queue().NextMessage(t.Context(), p.kit.Clock.Now()); err == nil {
			t.Fatalf("attempt %d: due before %s", attempt, wait)
		}
		p.kit.Clock.Advance(time.Second)
	}
	to, err := folder.Open(p.dir)
	check(t, err)
	p.mailer.Sender = to
	p.outbox = mail.NewOutbox(p.queue(), p.mailer, time.Minute) // as after a restart
	p.run(t)
	if got := p.mails(t); len(got) != 2 {
		t.Errorf("%d mails after %q", len(got), p.records(t))
	}
}

// TestOutboxGivesUp promises that a message is set aside after a day, and not deleted.
func TestOutboxGivesUp(t *testing.T) {
	p := newPost(t, authtest.NewUser("ada"))
	check(t, os.RemoveAll(p.dir))
	check(t, p.outbox.Send(t.Context(), auth.Message{Kind: auth.MessagePasswordChanged, UserID: "ada"}))
	var got []string
	for range 40 {
		p.run(t)
		got = append(got, p.records(t)...)
		p.kit.Clock.Advance(time.Hour)
	}
	if len(got) != 31 || got[30] != "set_aside password_changed" {
		t.Errorf("%q", got)
	}
}

// TestOutboxClaim promises that of many workers on one queue one gets a message.
func TestOutboxClaim(t *testing.T) {
	p := newPost(t)
	check(t, p.outbox.Send(t.Context(), auth.Message{Kind: auth.MessageReset, UserID: "ada"}))
	q, err := p.queue().NextMessage(t.Context(), p.kit.Clock.Now())
	check(t, err)
	claims := make(chan error)
	for range 10 {
		go func() { claims <- p.queue().ClaimMessage(t.Context(), q, p.kit.Clock.Now().Add(time.Hour)) }()
	}
	won := 0
	for range 10 {
		if err := <-claims; err == nil {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d workers got the message", won)
	}
}

// TestMailNeverNamesUser promises that no log line and no record of a mail holds an address: the kit looks for it in its log.
func TestMailNeverNamesUser(t *testing.T) {
	u := authtest.NewUser("ada")
	u.Profile.FullName = "Countess Lovelace"
	p := newPost(t, u)
	p.kit.Log.Keep(u.Email, u.Profile.FullName)
	check(t, p.outbox.Send(t.Context(), auth.Message{Kind: auth.MessageReset, UserID: "ada"}))
	p.run(t)
	raw := p.mails(t)[0]
	_, token, _ := strings.Cut(strings.ReplaceAll(raw, "=\r\n", ""), "#token=3D")
	p.kit.Log.Keep(token[:20])
}

// TestSpread promises that messages wait for a random part of the spread, and are sent when it is over without anybody asking.
func TestSpread(t *testing.T) {
	p := newPost(t, authtest.NewUser("ada"))
	p.mailer.Now = time.Now
	const spread = 600 * time.Millisecond
	p.outbox.Spread = spread
	began := time.Now()
	for range 20 {
		check(t, p.outbox.Send(t.Context(), auth.Message{Kind: auth.MessagePasswordChanged, UserID: "ada"}))
	}
	due := func(at time.Time) (n int) {
		for ; ; n++ {
			q, err := p.queue().NextMessage(t.Context(), at)
			if err != nil {
				return n
			}
			check(t, p.queue().ClaimMessage(t.Context(), q, at.Add(time.Hour))) // out of the way
		}
	}
	early := due(began.Add(spread / 4))
	if half := early + due(began.Add(spread/2)); early > 15 || half == 0 {
		t.Errorf("of 20 messages %d wait for less than a quarter and %d for less than a half", early, half)
	}
	check(t, p.outbox.Send(t.Context(), auth.Message{Kind: auth.MessagePasswordChanged, UserID: "ada"}))
	ctx, cancel := context.WithTimeout(t.Context(), 4*spread) // the workers look by themselves every five seconds
	defer cancel()
	p.outbox.Run(ctx)
	if n := len(p.mails(t)); n == 0 {
		t.Error("a message is not sent when its wait is over")
	}
}
