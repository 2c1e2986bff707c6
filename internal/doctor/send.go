package doctor

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// answerLimit bounds what is read of an answer; ours have a few kilobytes.
const answerLimit = 256 << 10

type request struct {
	method, path, body string
	header             []string // names and values by turns
}

type answer struct {
	status  int
	header  http.Header
	body    []byte
	cookies []*http.Cookie
	tls     *tls.ConnectionState
	asked   time.Time // halfway between request and answer
}

// send makes a request below the URL and reads the whole answer. It follows no redirect.
func (d *Deployment) send(ctx context.Context, q request) (answer, error) {
	return d.sendTo(ctx, d.config.URL, q)
}

func (d *Deployment) sendTo(ctx context.Context, base string, q request) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, base+q.path, strings.NewReader(q.body))
	if err != nil {
		return answer{}, fmt.Errorf("make the request: %w", err)
	}
	r.Header.Set("User-Agent", "latchkey doctor")
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(q.header); i += 2 {
		r.Header.Set(q.header[i], q.header[i+1])
	}
	began := time.Now()
	res, err := d.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	took := time.Since(began)
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	return answer{
		status: res.StatusCode, header: res.Header, body: body, cookies: res.Cookies(), tls: res.TLS, asked: began.Add(took / 2),
	}, err
}

// kind describes an answer without quoting what a stranger wrote into it.
func (a answer) kind() string {
	mediaType, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		mediaType = "no content type"
	}
	return fmt.Sprintf("%d (%.60s)", a.status, mediaType)
}

// newStranger returns an address that cannot exist (RFC 2606), new for each run so that runs do not share a counter.
func newStranger() string {
	return "doctor-" + strings.ToLower(rand.Text()[:16]) + "@latchkey.invalid"
}

// explain says in one sentence why nothing was answered, and what to do.
func explain(err error) (message, advice string) {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return expiry(invalid.Cert), "Renew the certificate. One of ACM renews itself while its DNS record for validation exists; check this machine's clock as well."
	case errors.As(err, &host):
		return "the certificate is for another host", "Use a certificate that names this host, and check that DNS leads to your API."
	case errors.As(err, &authority):
		return "the certificate is not signed by an authority that this machine trusts", "Use a certificate of a public authority, or set SSL_CERT_FILE to your own authority's."
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the server does not speak HTTPS on this port", "Check scheme and port of the URL. 'latchkey serve' speaks plain HTTP."
	case errors.As(err, &dns):
		return "the host name does not resolve", "Check its spelling and its DNS record."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: the connection is refused", "Start the server, or check the port of the URL."
	case isTimeout(err):
		return "nothing is answered in time", "Check firewalls between here and there, and whether the server is overloaded."
	}
	return "the request fails: " + cause(err), "Check the URL, and the network between here and there."
}

func expiry(c *x509.Certificate) string {
	if c != nil && time.Now().Before(c.NotBefore) {
		return fmt.Sprintf("the certificate is not valid before %s", c.NotBefore.UTC().Format(time.DateOnly))
	}
	if c == nil {
		return "the certificate is expired"
	}
	return fmt.Sprintf("the certificate is expired since %s", c.NotAfter.UTC().Format(time.DateOnly))
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// cause returns the innermost error: the outer ones repeat the URL.
func cause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return fmt.Sprintf("%.200s", err)
		}
		err = inner
	}
}
