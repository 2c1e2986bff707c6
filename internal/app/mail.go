package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"latchkey/internal/auth"
	"latchkey/internal/awscall"
	"latchkey/internal/mail"
	"latchkey/internal/mail/queue"
	"latchkey/internal/setting"
)

// The kinds of a MailRoute.
const (
	MailFile  = "file"
	MailSMTP  = "smtp"
	MailSMTPS = "smtps"
	MailSQS   = "sqs"
)

// MailRoute is how mails are sent: a kind, and where they go. The zero route sends none.
type MailRoute struct {
	Kind string
	Name string // of a directory, or the URL of a server or a queue
}

// Server returns the URL of an SMTP server, which may hold a password.
func (r MailRoute) Server() *url.URL {
	u, err := url.Parse(r.Name)
	if err != nil {
		return &url.URL{} // mailRoute has parsed it
	}
	return u
}

// HasPassword reports whether the route holds a password, which a command line would show to every process of the machine.
func (r MailRoute) HasPassword() bool {
	_, has := r.Server().User.Password()
	return has
}

func mailRoute() setting.Kind[MailRoute] {
	return setting.Kind[MailRoute]{Parse: func(s string) (MailRoute, error) {
		if _, err := setting.Text().Parse(s); err != nil {
			return MailRoute{}, err
		}
		kind, rest, _ := strings.Cut(s, ":")
		switch {
		case s == "":
			return MailRoute{}, nil
		case kind == MailFile && rest != "":
			return MailRoute{kind, rest}, nil
		case kind == MailSQS && isPlainURL(rest, "https", "http"):
			return MailRoute{kind, rest}, nil
		case (kind == MailSMTP || kind == MailSMTPS) && isPlainURL(s, kind):
			return MailRoute{kind, s}, nil
		}
		return MailRoute{}, setting.Wrong(s, "file:DIRECTORY, smtp://USER@HOST:PORT or smtps://USER@HOST:PORT")
	}}
}

func isPlainURL(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return slices.Contains(schemes, u.Scheme) && (strings.HasPrefix(u.Scheme, "http") || u.Path == "")
}

// MailWriter returns the writer of the mails that the settings describe.
func MailWriter(c Config) mail.Writer {
	return mail.Writer{Service: c.Name(), From: c.MailFrom, ResetURL: c.ResetURL}
}

// NewMailer returns what makes and delivers the mails of a deployment through the sender.
func NewMailer(c Config, p Ports, s mail.Sender) *mail.Mailer {
	p = p.withSinks()
	return mail.New(mail.Config{
		Writer: MailWriter(c), Sender: s, Users: p.Store, Tokens: auth.NewService(domain(c, p)), Audit: p.Audit, Log: p.Log, Now: p.Now,
	})
}

// AWSCaller returns what makes signed calls to AWS with the credentials of a function's environment; it calls nothing.
func AWSCaller(getenv func(string) string) awscall.Caller {
	return awscall.Caller{AWS: LambdaConfig(getenv), Endpoint: EndpointFrom(getenv)}
}

// EndpointFrom lets AWS_ENDPOINT_URL_… lead to local emulators, as it does in every AWS tool.
func EndpointFrom(getenv func(string) string) func(service string) string {
	return func(service string) string { return getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(service)) }
}

// outbox returns the outbox of a function, or nil if the stack sends no mails.
func outbox(c Config, getenv func(string) string) auth.Outbox {
	if c.Mail.Kind != MailSQS {
		return nil
	}
	return queue.NewOutbox(AWSCaller(getenv), c.Mail.Name)
}

// Mail returns the mail function, which sends through the sender, from the environment of a Lambda function; it logs to out. The
// error names every setting that is wrong.
func Mail(ctx context.Context, getenv func(string) string, out io.Writer, s mail.Sender) (queue.Function, error) {
	c, p, err := deployed(ctx, "mail", getenv, out)
	if c.MailFrom == "" {
		err = errors.Join(err, fmt.Errorf("%sMAIL_FROM: mails need an address that they come from", Prefix))
	}
	if err != nil {
		return queue.Function{}, err
	}
	return queue.NewFunction(NewMailer(c, p, s)), nil
}
