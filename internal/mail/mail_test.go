package mail_test

import (
	"bytes"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
)

var update = flag.Bool("update", false, "write the golden mails")

func writer(t failer, service string) mail.Writer {
	t.Helper()
	page, err := url.Parse("https://app.example.com/reset")
	check(t, err)
	return mail.Writer{Service: service, From: "login@example.com", ResetURL: page}
}

// failer is a test or a check of rapid.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func check(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func user(t failer, email, name, locale string) auth.User {
	t.Helper()
	id, err := auth.ParseIdentifier(email)
	check(t, err)
	return auth.User{ID: "u-ada", Email: email, Identifier: id, Locale: locale, Profile: auth.Profile{FullName: name}}
}

func letter(kind auth.MessageKind, to auth.User) mail.Letter {
	return mail.Letter{ID: "m1", Kind: kind, To: to, Token: "eyJ.x_y-z", At: time.Date(2026, 11, 27, 15, 0, 0, 0, time.UTC)}
}

// TestGolden promises every mail in every language, byte for byte, and that no placeholder is left in it.
func TestGolden(t *testing.T) {
	for _, kind := range mail.Kinds() {
		for _, language := range mail.Languages() {
			got, err := writer(t, "Orders").Write(letter(kind, user(t, "ada@example.com", "Ada Lovelace", language)))
			check(t, err)
			if strings.ContainsAny(got.Text+got.Subject, "{}") {
				t.Errorf("%s in %s has a placeholder:\n%s", kind, language, got.Text)
			}
			if mail.HasLink(kind) != strings.Contains(got.Text, "https://app.example.com/reset#token=eyJ.x_y-z\n") {
				t.Errorf("%s in %s: is the link right?\n%s", kind, language, got.Text)
			}
			file := filepath.Join("testdata", string(kind)+"."+language+".eml")
			if *update {
				check(t, os.WriteFile(file, got.Raw, 0o644))
			}
			want, err := os.ReadFile(file)
			check(t, err)
			if !bytes.Equal(want, got.Raw) {
				t.Errorf("%s differs; -update writes it:\n%s", file, got.Raw)
			}
		}
	}
}

// TestLinkNeedsPage promises that no mail has a link that leads nowhere, and that notices need no page.
func TestLinkNeedsPage(t *testing.T) {
	for _, kind := range mail.Kinds() {
		w := writer(t, "Orders")
		w.ResetURL = nil
		if _, err := w.Write(letter(kind, user(t, "ada@example.com", "", ""))); (err != nil) != mail.HasLink(kind) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestLanguage promises that the first subtag of the locale chooses the language, and that English is for all others.
func TestLanguage(t *testing.T) {
	for locale, want := range map[string]string{"": "en", "en-GB": "en", "de": "de", "DE-at": "de", "fr": "en", "den": "en", "x": "en"} {
		got, err := writer(t, "Orders").Write(letter(auth.MessageReset, user(t, "ada@example.com", "", locale)))
		check(t, err)
		if parsed := parse(t, got.Raw); parsed.Header.Get("Content-Language") != want {
			t.Errorf("%q: %s", locale, parsed.Header.Get("Content-Language"))
		}
	}
}

// TestHostileText promises that no name, service or address can add a header, a recipient, a line or markup to a mail.
func TestHostileText(t *testing.T) {
	odd := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("\r\n\t \"\\<>@,;:=?{}.&'ü漢")), rapid.RuneFrom([]rune("abc"))))
	rapid.Check(t, func(r *rapid.T) {
		name, service := odd.Draw(r, "name"), odd.Draw(r, "service")
		local := rapid.StringOfN(rapid.RuneFrom([]rune("aZ0.!#$%&'*+/=?^_`{|}~-ü漢")), 1, 30, -1).Draw(r, "local")
		email, err := auth.CleanEmail(local + "@" + rapid.SampledFrom([]string{"example.com", "Bücher.example"}).Draw(r, "domain"))
		if err != nil {
			r.Skip(err)
		}
		kind := rapid.SampledFrom(mail.Kinds()).Draw(r, "kind")
		got, err := writer(t, service).Write(letter(kind, user(t, email, name, "")))
		check(r, err)
		plain, err := writer(t, "Orders").Write(letter(kind, user(t, "ada@example.com", "", "")))
		check(r, err)
		checkHostile(r, got, plain)
	})
}

func checkHostile(t *rapid.T, got, plain mail.Mail) {
	head, _, _ := bytes.Cut(got.Raw, []byte("\r\n\r\n"))
	fields := 0
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("a bad line: %q", line)
		}
		if len(line) == 0 || line[0] != ' ' {
			fields++
		}
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(got.Raw))
	if err != nil || fields != 9 {
		t.Fatalf("%v, %d headers:\n%s", err, fields, head)
	}
	for header, want := range map[string]string{"From": got.From, "To": got.To} {
		list, err := parsed.Header.AddressList(header)
		if err != nil || len(list) != 1 || list[0].Address != want {
			t.Fatalf("%s: %v, %v, want %s\n%s", header, err, list, want, head)
		}
	}
	text, html := parts(t, parsed)
	if strings.Count(text, "\r\n\r\n") != strings.Count(plain.Text, "\n\n") || strings.Count(html, "<") != strings.Count(plain.HTML, "<") {
		t.Fatalf("the parts have other paragraphs or tags than\n%s\n%s\n%s", plain.Text, text, html)
	}
}

func parse(t failer, raw []byte) *netmail.Message {
	t.Helper()
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
	check(t, err)
	return parsed
}

func parts(t failer, m *netmail.Message) (text, html string) {
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	reader := multipart.NewReader(m.Body, params["boundary"])
	for _, into := range []*string{&text, &html} {
		part, err := reader.NextRawPart()
		if err != nil {
			t.Fatalf("%v", err)
		}
		raw, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatalf("%v", err)
		}
		*into = string(raw)
	}
	return text, html
}

// TestGreeting promises that a name is used only if it reads like one: mail programs make links of domains.
func TestGreeting(t *testing.T) {
	for name, used := range map[string]bool{
		"Ada Lovelace": true, "Dr. Ada King-O’Neill": true, "José Núñez": true, "山田 太郎": true,
		"": false, "win at evil.example": false, "https://evil.example": false, "a@b": false, "call +49 30 1": false, "call 0800 123456 now": false, "Henry 8": true,
		strings.Repeat("x", 61): false, "Ada\u202eevil": false, "{link}": false,
	} {
		got, err := writer(t, "Orders").Write(letter(auth.MessageReset, user(t, "ada@example.com", name, "")))
		check(t, err)
		if greeting, _, _ := strings.Cut(got.Text, "\n"); (greeting != "Hello,") != used || used && greeting != "Hello "+name+"," {
			t.Errorf("%q is greeted %q", name, greeting)
		}
	}
}

// TestEnvelope promises that the envelope has the domain that the DNS knows, and the local part as the user wrote it.
func TestEnvelope(t *testing.T) {
	got, err := writer(t, "Orders").Write(letter(auth.MessageReset, user(t, "Ada.L@Bücher.example", "", "")))
	check(t, err)
	if got.To != "Ada.L@xn--bcher-kva.example" || got.From != "login@example.com" {
		t.Errorf("from %s to %s", got.From, got.To)
	}
}
