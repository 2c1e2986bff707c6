package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/internal/contract/discovery"
	"latchkey/internal/jwk"
	"latchkey/internal/setting"
)

// transportChecks look at what is below HTTP: clocks, certificates, and the port for plain HTTP.
func transportChecks() []Check {
	return []Check{
		{"clock", []Need{Server}, lookClock},
		{"certificate", []Need{Server}, lookCertificate},
		{"plain HTTP", []Need{Server}, lookPlainHTTP},
	}
}

// URLChecks returns the checks for which the URL is enough, in the order in which they are to be made.
func URLChecks() []Check {
	return append(append(documentChecks(), transportChecks()...), wireChecks()...)
}

// lookClock compares the server's clock with this machine's: tokens are refused where they differ by more than the leeway.
func lookClock(_ context.Context, d *Deployment) []Finding {
	date, err := http.ParseTime(d.first.header.Get("Date"))
	if err != nil {
		return notChecked("answers have no Date")
	}
	skew := date.Add(500 * time.Millisecond).Sub(d.first.asked) // Date is cut to a second
	const advice = "Set both clocks by NTP. On AWS the server's is right, so it is this machine's."
	switch off := skew.Abs().Round(time.Second); {
	case off > jwk.Leeway:
		return fault(advice, "the clocks of this machine and of the server differ by %s; tokens allow %s", off, jwk.Leeway)
	case off > 5*time.Second:
		return warning(advice, "the clocks of this machine and of the server differ by %s", off)
	}
	return ok("the clocks of this machine and of the server agree")
}

// renewBefore is how long before its end a certificate should have been renewed: ACM begins 60 days before, most tools 30.
const renewBefore = 14 * 24 * time.Hour

func lookCertificate(_ context.Context, d *Deployment) []Finding {
	if d.first.tls == nil || len(d.first.tls.PeerCertificates) == 0 {
		return notChecked("the URL is plain HTTP")
	}
	end := d.first.tls.PeerCertificates[0].NotAfter
	left := time.Until(end)
	if left < renewBefore {
		return warning("Find out why it was not renewed. One of ACM renews itself while its DNS record for validation exists.",
			"the certificate ends on %s, in %s", end.UTC().Format(time.DateOnly), count(int(left.Hours()/24), "day"))
	}
	return ok("the certificate is valid until %s", end.UTC().Format(time.DateOnly))
}

// lookPlainHTTP asks for the discovery document on port 80 of a host that speaks HTTPS on port 443.
func lookPlainHTTP(ctx context.Context, d *Deployment) []Finding {
	u := d.url()
	switch {
	case u.Scheme == "http" && setting.IsLoopback(u.Hostname()):
		return notChecked("the URL is one of this machine")
	case u.Scheme == "http":
		return fault("Put a proxy with HTTPS in front of serve, and give its URL.", "passwords, cookies and tokens cross the network unencrypted")
	case u.Port() != "":
		return notChecked("the URL has a port of its own")
	}
	plain := url.URL{Scheme: "http", Host: u.Host, Path: u.Path}
	a, err := d.sendTo(ctx, strings.TrimSuffix(plain.String(), "/"), request{method: http.MethodGet, path: discovery.ConfigurationPath})
	switch {
	case err != nil:
		return ok("nothing is answered over plain HTTP")
	case a.status/100 == 3 && strings.HasPrefix(a.header.Get("Location"), "https://"):
		return ok("plain HTTP is redirected to HTTPS")
	case a.status/100 == 2:
		return fault("Close port 80, or redirect it to HTTPS.", "the API answers over plain HTTP, where passwords can be read on their way")
	}
	return ok("plain HTTP is refused with %d", a.status)
}
