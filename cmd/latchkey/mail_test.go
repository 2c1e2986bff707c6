package main

import (
	"strings"
	"testing"
)

// TestMailPreview promises each mail in each format and language, with the settings of the deployment.
func TestMailPreview(t *testing.T) {
	l := newLaptop(t)
	l.env["LATCHKEY_SERVICE_NAME"] = "Orders"
	l.env["LATCHKEY_RESET_URL"] = "https://app.example.com/reset"
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"reset"}, "\nhttps://app.example.com/reset#token=EXAMPLE-TOKEN\n"},
		{[]string{"invite", "--language", "de"}, "Guten Tag Ada Lovelace,\n"},
		{[]string{"sign_in", "--format", "html"}, "<title>A new sign-in to your account at Orders</title>"},
		{[]string{"reset", "--format", "eml", "--mail-from", "no-reply@example.org"}, "From: \"Orders\" <no-reply@example.org>\r\n"},
	} {
		if got := l.ok("", append([]string{"mail", "preview"}, test.args...)...); !strings.Contains(got, test.want) {
			t.Errorf("%q: want %q in\n%s", test.args, test.want, got)
		}
	}
	l.fails(exitUsage, "", []string{"mail", "preview", "welcome"}, "there is no mail", "reset")
	l.fails(exitUsage, "", []string{"mail", "preview", "reset", "--language", "fr"}, "--language", "de")
	l.fails(exitUsage, "", []string{"mail", "preview", "reset", "--format", "pdf"}, "--format")
	l.fails(exitUsage, "", []string{"mail", "preview", "reset", "--reset-url", "http://app.example.com/"}, "LATCHKEY_RESET_URL")
}

// TestServeMailRefuses promises that a server does not start with mails that it could not send, or with a password on its command line.
func TestServeMailRefuses(t *testing.T) {
	l := newLaptop(t)
	serve := func(flags ...string) []string { return append([]string{"serve", "--addr", "127.0.0.1:0"}, flags...) }
	l.fails(exitUsage, "", serve("--mail", "smtp://mail.example.com"), "LATCHKEY_MAIL_FROM")
	l.fails(exitUsage, "", serve("--mail", "mail.example.com"), "smtp://")
	got := l.run("", serve("--mail", "smtps://ada:hunter2@mail.example.com", "--mail-from", "login@example.com")...)
	if got.code != exitUsage || !strings.Contains(got.err, "LATCHKEY_MAIL") || strings.Contains(got.err, "hunter2") {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
}
