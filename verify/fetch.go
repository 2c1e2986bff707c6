package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	fetchLimit   = 5 * time.Second // of both documents together
	maxDocument  = 64 << 10        // bytes of either
	maxRedirects = 3
)

// published is the JWK Set that an issuer's discovery document names. It is a cached.Origin.
type published struct {
	issuer *url.URL
	client *http.Client
}

func newPublished(issuer *url.URL, transport http.RoundTripper) published {
	return published{issuer, &http.Client{Transport: transport, CheckRedirect: stay}}
}

// stay follows redirects only within the origin of the request: an open redirect on the issuer's host must not bring in
// foreign keys, or send this program's requests elsewhere.
func stay(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || !sameOrigin(r.URL, via[0].URL) {
		return errors.New("redirected too often or to another origin")
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

// Get fetches the discovery document and then the keys (OpenID Connect Discovery 1.0, 4).
func (p published) Get(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	issuer := p.issuer.String()
	text, err := p.fetch(ctx, issuer+"/.well-known/openid-configuration")
	if err != nil {
		return nil, fmt.Errorf("fetch the discovery document: %w", err)
	}
	var config struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, errors.New("the discovery document is malformed")
	}
	if config.Issuer != issuer {
		return nil, fmt.Errorf("the discovery document of %q names the issuer %.300q; both must be the same to the letter", issuer, config.Issuer)
	}
	keys, err := url.Parse(config.JWKSURI)
	if err != nil || !sameOrigin(keys, p.issuer) || keys.User != nil {
		return nil, fmt.Errorf("the keys of %s are at another origin", issuer)
	}
	text, err = p.fetch(ctx, config.JWKSURI)
	if err != nil {
		return nil, fmt.Errorf("fetch the public keys: %w", err)
	}
	return text, nil
}

func (p published) fetch(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", address, answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxDocument {
		return nil, fmt.Errorf("%s answered more than %d bytes", address, maxDocument)
	}
	return text, nil
}

// parseIssuer accepts the issuers that Latchkey accepts, except plain http to other machines: anyone who can change the answer in
// transit could forge every token.
func parseIssuer(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.String() != s || strings.HasSuffix(s, "/"):
		return nil, fmt.Errorf("verify: the issuer is %q; write it as in the tokens, like https://login.example.com", s)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("verify: the issuer is %q; it must be https, or http on this machine", s)
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
