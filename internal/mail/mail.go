// Package mail writes the mails that users get, in their language, and delivers them through a sender. It knows nothing about how
// they are sent: the packages below it do.
package mail

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/internal/auth"
)

// Kinds returns every kind of mail, those with a link first; each has a text in every language.
func Kinds() []auth.MessageKind {
	return []auth.MessageKind{
		auth.MessageReset, auth.MessageInvite, auth.MessagePasswordChanged, auth.MessageFactorAdded, auth.MessageFactorRemoved,
		auth.MessageWrongCodes, auth.MessageSessionsEnded, auth.MessageSignIn,
	}
}

// HasLink reports whether mails of the kind carry a link with a token.
func HasLink(k auth.MessageKind) bool { return k == auth.MessageReset || k == auth.MessageInvite }

// Writer writes the mails of one deployment, in every language that has texts. It does not depend on requests, such as
// on their Host.
type Writer struct {
	Service  string   // the name of the service, as users see it
	From     string   // the address that mails come from
	ResetURL *url.URL // the page that takes the token of a link
}

// Letter is what one mail depends on: the event, the user, the time, and the token if the mail has a link.
type Letter struct {
	ID    string // makes the Message-ID, so that a mail that is sent twice can be recognized
	Kind  auth.MessageKind
	To    auth.User
	Token string // of a link
	At    time.Time
}

// Mail is one mail, ready to be sent. Its envelope has ASCII domains.
type Mail struct {
	ID, From, To        string
	Subject, Text, HTML string
	Raw                 []byte // RFC 5322
}

// Write returns the mail in the user's language if there are texts in it, else in English. A mail with a link needs ResetURL.
func (w Writer) Write(l Letter) (Mail, error) {
	if HasLink(l.Kind) && w.ResetURL == nil {
		return Mail{}, errors.New("RESET_URL is not set: the link of the mail would lead nowhere")
	}
	language := languageFor(l.To.Locale)
	text, err := readText(language, l.Kind)
	if err != nil {
		return Mail{}, err
	}
	body := text.fill(values{service: w.Service, name: greetable(l.To.Name()), link: w.link(l), language: language})
	m := Mail{ID: l.ID, From: w.From, To: envelopeAddress(l.To), Subject: body.subject, Text: body.plain(), HTML: body.html()}
	m.Raw, err = w.compose(m, l, language)
	if err != nil {
		return Mail{}, fmt.Errorf("compose the mail: %w", err)
	}
	return m, nil
}

// link returns the page with the token in the fragment, which browsers send to no server: it is in no log and no Referer.
func (w Writer) link(l Letter) string {
	if !HasLink(l.Kind) {
		return ""
	}
	page := *w.ResetURL
	page.Fragment, page.RawFragment = "", ""
	return page.String() + "#token=" + url.QueryEscape(l.Token)
}

// envelopeAddress returns the address as the user wrote it, with the domain that the DNS knows.
func envelopeAddress(u auth.User) string {
	local, _, _ := strings.Cut(u.Email, "@")
	_, domain, _ := strings.Cut(u.Identifier.String(), "@")
	return local + "@" + domain
}

// IsASCII reports whether every mail server and service takes the address.
func IsASCII(address string) bool {
	for i := range len(address) {
		if address[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
