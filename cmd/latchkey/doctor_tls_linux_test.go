package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/doctor"
)

// TestDoctorCertificate promises what is said of a certificate that is valid, about to end, expired, for another host, or of an
// unknown authority. It runs the real binary, because SSL_CERT_FILE, with which Go trusts another authority on Linux, is read once.
func TestDoctorCertificate(t *testing.T) {
	const day = 24 * time.Hour
	for _, tc := range []struct {
		name, host string
		left       time.Duration
		trusted    bool
		check      string
		level      doctor.Level
		says       string
	}{
		{"valid", "localhost", 60 * day, true, "certificate", doctor.OK, "valid until"},
		{"ends soon", "localhost", 5*day + time.Hour, true, "certificate", doctor.Warning, "in 5 days"},
		{"expired", "localhost", -day, true, "server", doctor.Fault, "expired since " + time.Now().Add(-day).UTC().Format(time.DateOnly)},
		{"of another host", "login.example.com", 60 * day, true, "server", doctor.Fault, "for another host"},
		{"of an unknown authority", "localhost", 60 * day, false, "server", doctor.Fault, "not signed by an authority"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLaptop(t)
			base, roots := l.serveTLS(tc.host, time.Now().Add(tc.left))
			if !tc.trusted {
				_, roots = certificate(t, "localhost", time.Now().Add(day))
			}
			l.env["SSL_CERT_FILE"], l.env["SSL_CERT_DIR"] = l.write("roots.pem", roots), l.dir
			out, _ := l.process(t.Context(), "doctor", "--json", base).Output()
			var report doctor.Report
			if err := json.Unmarshal(out, &report); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, f := range report.Findings {
				switch {
				case f.Check == tc.check && (f.Level != tc.level || !strings.Contains(f.Message, tc.says)):
					t.Errorf("%+v, want %s with %q", f, tc.level, tc.says)
				case f.Check != tc.check && f.Level != doctor.OK && f.Level != doctor.NotChecked:
					t.Errorf("also %+v", f)
				}
			}
		})
	}
}

// serveTLS starts serve behind a proxy with HTTPS, and returns its URL and its certificate.
func (l *laptop) serveTLS(host string, end time.Time) (base, roots string) {
	l.Helper()
	pair, roots := certificate(l, host, end)
	proxy := &httputil.ReverseProxy{}
	front := httptest.NewUnstartedServer(proxy)
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that the client refuses
	front.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	front.StartTLS()
	l.Cleanup(front.Close)
	_, port, err := net.SplitHostPort(front.Listener.Addr().String())
	if err != nil {
		l.Fatal(err)
	}
	base = "https://localhost:" + port
	back, err := url.Parse(l.serve("--issuer", base, "--trusted-proxies", "127.0.0.1").base)
	if err != nil {
		l.Fatal(err)
	}
	proxy.Rewrite = func(r *httputil.ProxyRequest) { r.SetURL(back); r.SetXForwarded() }
	return base, roots
}

// certificate makes one that signs itself.
func certificate(t testing.TB, host string, end time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-90 * 24 * time.Hour), NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
