// Package relay sends mails through an SMTP server. It uses the standard library's client, which is frozen and complete for this:
// one mail over one connection, encrypted unless the server is on this machine.
package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/internal/mail"
)

// Relay is an SMTP server that takes our mails, by TLS unless it is on this machine (RFC 5321, RFC 8314).
type Relay struct {
	host, port     string
	implicit       bool // TLS from the first byte (RFC 8314)
	loopback       bool // may be without TLS
	user, password string
	roots          *x509.CertPool // nil: the system's
}

// limit bounds one mail, from the first byte to the last; each step has what is left.
const limit = 30 * time.Second

// New returns the relay that a URL names: smtp://HOST asks for STARTTLS, unless the host is on this machine, and smtps://HOST
// speaks TLS at once.
func New(server *url.URL, isLoopback func(host string) bool) Relay {
	r := Relay{host: server.Hostname(), port: server.Port(), implicit: server.Scheme == "smtps", loopback: isLoopback(server.Hostname())}
	if r.port == "" {
		r.port = map[bool]string{true: "465", false: "587"}[r.implicit]
	}
	r.user = server.User.Username()
	r.password, _ = server.User.Password()
	return r
}

// Send hands one mail over. An error has the server's code and not its words, which may quote the address.
func (r Relay) Send(ctx context.Context, m mail.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	client, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, domain, _ := strings.Cut(m.From, "@"); domain != "" {
		if err := client.Hello(domain); err != nil { // many servers refuse the library's localhost
			return stepError("greet the mail server", err)
		}
	}
	if err := r.encrypt(client); err != nil {
		return err
	}
	if err := r.signIn(client); err != nil {
		return stepError("sign in to the mail server", err)
	}
	if err := client.Mail(m.From); err != nil {
		return stepError("name the sender", err)
	}
	if err := recipient(client, m.To); err != nil {
		return finalError("name the recipient", err)
	}
	if err := data(client, m.Raw); err != nil {
		return finalError("hand the mail over", err)
	}
	_ = client.Quit() // the server is responsible for the mail already
	return nil
}

// connect returns a client whose calls end with ctx.
func (r Relay) connect(ctx context.Context) (*smtp.Client, error) {
	var conn net.Conn
	var err error
	if address := net.JoinHostPort(r.host, r.port); r.implicit {
		conn, err = (&tls.Dialer{Config: r.tls()}).DialContext(ctx, "tcp", address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return nil, fmt.Errorf("connect to the mail server: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what the client waits for
	client, err := smtp.NewClient(conn, r.host)
	if err != nil {
		return nil, errors.Join(stepError("reach the mail server", err), conn.Close())
	}
	return client, nil
}

func (r Relay) tls() *tls.Config {
	return &tls.Config{ServerName: r.host, MinVersion: tls.VersionTLS12, RootCAs: r.roots}
}

// encrypt asks for STARTTLS. A server on this machine needs none, and often has a self-signed certificate.
func (r Relay) encrypt(client *smtp.Client) error {
	if r.implicit || r.loopback {
		return nil
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return errors.New("the mail server offers no STARTTLS: the mail would cross the network unencrypted")
	}
	if err := client.StartTLS(r.tls()); err != nil {
		return fmt.Errorf("encrypt the connection: %w", err)
	}
	return nil
}

func (r Relay) signIn(client *smtp.Client) error {
	if r.user == "" {
		return nil
	}
	return client.Auth(smtp.PlainAuth("", r.user, r.password, r.host))
}

// recipient names it; a server that cannot take an address beyond ASCII says so by an extension that it lacks (RFC 6531).
func recipient(client *smtp.Client, to string) error {
	if takes, _ := client.Extension("SMTPUTF8"); !takes && !mail.IsASCII(to) {
		return mail.ErrAddress
	}
	err := client.Rcpt(to)
	if reply, ok := errors.AsType[*textproto.Error](err); ok && slices.Contains([]int{550, 551, 553}, reply.Code) {
		return fmt.Errorf("%w: the mail server answers %d", mail.ErrAddress, reply.Code) // there is no such mailbox
	}
	return err
}

func data(client *smtp.Client, raw []byte) error {
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	return w.Close()
}

// stepError says that the step failed, and leaves out the server's words.
func stepError(step string, err error) error {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("%s: the mail server answers %d", step, reply.Code)
	}
	return fmt.Errorf("%s: %w", step, err)
}

// finalError is stepError for a step in which a reply of 5xx is about this mail (RFC 5321 4.2.1). In earlier steps it is about us:
// the mail waits for an operator who corrects the settings.
func finalError(step string, err error) error {
	if reply, ok := errors.AsType[*textproto.Error](err); ok && reply.Code >= 500 {
		return fmt.Errorf("%w: %w", mail.ErrRefused, stepError(step, err))
	}
	return stepError(step, err)
}
