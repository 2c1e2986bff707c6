package relay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/emulator"
	"latchkey/internal/mail"
)

// taken is a mail as the server took it.
type taken struct {
	From string
	To   []string
	TLS  bool
	User string
	Raw  string
}

// server is a real SMTP server, started with flags of testdata/server.py.
type server struct {
	port string
	out  *bufio.Scanner
}

func start(t *testing.T, flags ...string) server {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), emulator.SMTP(t), append([]string{"testdata/server.py"}, flags...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	s := server{out: bufio.NewScanner(out)}
	s.out.Buffer(nil, 1<<20)
	if !s.out.Scan() {
		t.Fatal("the server does not start")
	}
	s.port = s.out.Text()
	return s
}

func (s server) next(t *testing.T) (m taken) {
	t.Helper()
	if !s.out.Scan() {
		t.Fatal("the server took no mail")
	}
	check(t, json.Unmarshal(s.out.Bytes(), &m))
	return m
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s server) relay(t *testing.T, scheme, user string, loopback bool) Relay {
	t.Helper()
	u, err := url.Parse(scheme + "://" + user + "localhost:" + s.port)
	check(t, err)
	return New(u, func(string) bool { return loopback })
}

func example() mail.Mail {
	return mail.Mail{ID: "m1", From: "login@example.com", To: "ada@example.com", Raw: []byte("Subject: Hello\r\n\r\n.\r\nfrom\r\n..\r\n")}
}

// certificate returns a file with a key and a certificate for localhost, and the pool that trusts it.
func certificate(t *testing.T) (file string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	var text bytes.Buffer
	check(t, pem.Encode(&text, &pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	check(t, pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
	file = filepath.Join(t.TempDir(), "server.pem")
	check(t, os.WriteFile(file, text.Bytes(), 0o600))
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(text.Bytes())
	return file, roots
}

// TestSend promises that a server gets the mail byte for byte, over each kind of connection, and that we sign in only over TLS.
func TestSend(t *testing.T) {
	file, roots := certificate(t)
	for _, test := range []struct {
		name, scheme, user string
		flags              []string
		loopback           bool
		want               taken
	}{
		{"this machine, plain", "smtp", "", nil, true, taken{}},
		{"this machine, STARTTLS that nobody trusts", "smtp", "", []string{"--cert", file}, true, taken{}},
		{"STARTTLS", "smtp", "", []string{"--cert", file}, false, taken{TLS: true}},
		{"STARTTLS, with a password", "smtp", "ada:pw@", []string{"--cert", file, "--password", "pw"}, false, taken{TLS: true, User: "ada"}},
		{"TLS at once", "smtps", "", []string{"--cert", file, "--implicit"}, false, taken{TLS: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, test.flags...)
			r := s.relay(t, test.scheme, test.user, test.loopback)
			r.roots = roots
			check(t, r.Send(t.Context(), example()))
			got := s.next(t)
			if got.Raw != string(example().Raw) || got.From != "login@example.com" || strings.Join(got.To, ",") != "ada@example.com" ||
				got.TLS != test.want.TLS || got.User != test.want.User {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestSendRefuses promises which failures are final and which are tried again, that no error quotes an address or a password, and that
// no mail crosses a network without TLS.
func TestSendRefuses(t *testing.T) {
	file, _ := certificate(t)
	for _, test := range []struct {
		name, user string
		flags      []string
		loopback   bool
		to         string
		want       error
	}{
		{name: "no STARTTLS"},
		{name: "a certificate of a stranger", flags: []string{"--cert", file}},
		{name: "unknown recipient", flags: []string{"--rcpt", "550 no such user ada@example.com"}, loopback: true, want: mail.ErrAddress},
		{name: "relaying denied", flags: []string{"--rcpt", "554 not for ada@example.com"}, loopback: true, want: mail.ErrRefused},
		{name: "recipient over quota", flags: []string{"--rcpt", "452 ada@example.com is full"}, loopback: true},
		{name: "mail refused", flags: []string{"--data", "554 spam to ada@example.com"}, loopback: true, want: mail.ErrRefused},
		{name: "mail not taken now", flags: []string{"--data", "451 later"}, loopback: true},
		{name: "disconnects at the recipient", flags: []string{"--drop", "rcpt"}, loopback: true},
		{name: "disconnects in the mail", flags: []string{"--drop", "data"}, loopback: true},
		{name: "address beyond ASCII", loopback: true, to: "jürgen@example.com", want: mail.ErrAddress},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := example()
			if test.to != "" {
				m.To = test.to
			}
			err := start(t, test.flags...).relay(t, "smtp", test.user, test.loopback).Send(t.Context(), m)
			final := errors.Is(err, mail.ErrRefused) || errors.Is(err, mail.ErrAddress)
			if err == nil || final != (test.want != nil) || final && !errors.Is(err, test.want) || strings.Contains(err.Error(), "ada@") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestWrongPassword promises that a refused sign-in is tried again: it is about the settings, not about the mail.
func TestWrongPassword(t *testing.T) {
	file, roots := certificate(t)
	r := start(t, "--cert", file, "--password", "pw").relay(t, "smtp", "ada:wrong-secret@", false)
	r.roots = roots
	if err := r.Send(t.Context(), example()); err == nil || errors.Is(err, mail.ErrRefused) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

// TestSendEnds promises that a canceled call returns at once, while the server is silent.
func TestSendEnds(t *testing.T) {
	r := start(t, "--hang", "data").relay(t, "smtp", "", true)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	began := time.Now()
	if err := r.Send(ctx, example()); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// TestBeyondASCII promises that a server with SMTPUTF8 gets addresses beyond ASCII.
func TestBeyondASCII(t *testing.T) {
	s := start(t, "--utf8")
	m := example()
	m.To = "jürgen@example.com"
	check(t, s.relay(t, "smtp", "", true).Send(t.Context(), m))
	if got := s.next(t); len(got.To) != 1 || got.To[0] != m.To {
		t.Errorf("%+v", got)
	}
}

// TestServerDown promises that a server that is down or silent at any step costs no more than the caller's time.
func TestServerDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	_, free, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	servers := map[string]server{"down": {port: free}}
	for _, step := range []string{"greeting", "rcpt", "data"} {
		servers["silent at "+step] = start(t, "--hang", step)
	}
	for name, s := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			err := s.relay(t, "smtp", "", true).Send(ctx, example())
			if took := time.Since(began); err == nil || errors.Is(err, mail.ErrRefused) || took > 3*time.Second {
				t.Errorf("%v after %s", err, took)
			}
		})
	}
}
