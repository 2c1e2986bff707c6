package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
)

// TestOperatorsNotices promises users a mail about what an operator changes in their sign-in, where the settings send mails, and only then.
func TestOperatorsNotices(t *testing.T) {
	l := newLaptop(t)
	l.ok("", "keys", "init")
	l.ok(`{"id":"u-ada","email":"ada@example.com","passwordHash":"`+bcryptHash+`","status":"ready","totpSecret":"`+rfcSecret+`"}`, "users", "import", "-")
	change := func(want ...auth.MessageKind) {
		t.Helper()
		l.ok("correct horse battery staple\n", "users", "set-password", "ada@example.com", "--password-stdin")
		l.ok("", "users", "sign-out", "ada@example.com") // there is no session
		var got []auth.MessageKind
		for {
			q, err := l.store().NextMessage(l.Context(), time.Now())
			if err != nil {
				break
			}
			if err := l.store().FinishMessage(l.Context(), q.ID); err != nil || q.Message.UserID != "u-ada" || q.Message.Drop {
				t.Fatalf("%+v: %v", q, err)
			}
			got = append(got, q.Message.Kind)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("mails differ (-want +got):\n%s", d)
		}
	}
	change()
	l.env["LATCHKEY_MAIL"], l.env["LATCHKEY_MAIL_FROM"] = "file:"+l.path("mails"), "login@example.com"
	l.ok("", "users", "factors", "ada@example.com", "--reset")
	change(auth.MessageFactorRemoved, auth.MessagePasswordChanged)
	l.env["LATCHKEY_NOTICES"] = "off"
	change()
}
