package verify_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/contract/discovery"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
	"latchkey/verify"
)

const (
	issuerURL = "https://login.example.com/prod"
	audience  = "orders"
)

// login is an issuer: as an http.RoundTripper it serves its keys as Latchkey does, and it signs tokens.
type login struct {
	mu       sync.Mutex
	ring     *keyring.Ring
	down     bool
	replaced map[string]http.HandlerFunc // by path, instead of what Latchkey answers
	requests []string                    // requested URLs
	delay    time.Duration
}

func newLogin(t testing.TB, a jwk.Algorithm) *login {
	t.Helper()
	l := &login{replaced: map[string]http.HandlerFunc{}}
	l.rotate(t, a)
	return l
}

func (l *login) rotate(t testing.TB, a jwk.Algorithm) {
	t.Helper()
	ring, err := keyring.New(a, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring = ring
}

func (l *login) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// RoundTrip answers without a network.
func (l *login) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.requests = append(l.requests, r.URL.String())
	down, delay, replaced := l.down, l.delay, l.replaced[r.URL.Path]
	jwks, err := l.ring.PublicJWKS()
	l.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if down || err != nil {
		return nil, errors.New("connection refused")
	}
	rec := httptest.NewRecorder()
	if replaced != nil {
		replaced(rec, r)
	} else {
		inner := r.Clone(r.Context())
		inner.URL.Path = strings.TrimPrefix(inner.URL.Path, "/prod")
		discovery.Routes(discovery.Config{Issuer: issuerURL, Log: slog.New(slog.DiscardHandler)}, fixed(jwks)).ServeHTTP(rec, inner)
	}
	answer := rec.Result()
	answer.Request = r
	return answer, nil
}

// asked returns how often either document was requested since the last call.
func (l *login) asked() (configuration, keys int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, url := range l.requests {
		if strings.HasSuffix(url, discovery.ConfigurationPath) {
			configuration++
		} else {
			keys++
		}
	}
	l.requests = nil
	return configuration, keys
}

func (l *login) token(t testing.TB, change ...func(*auth.Claims)) string {
	t.Helper()
	return l.tokenFor(t, issuerURL, audience, change...)
}

func (l *login) tokenFor(t testing.TB, issuer, audience string, change ...func(*auth.Claims)) string {
	t.Helper()
	l.mu.Lock()
	document, err := l.ring.Marshal()
	l.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	c := auth.Claims{
		ID: "jti-1", Subject: "user-1", SessionID: "sid-1", Roles: []string{"editor"}, Org: "org-1", Actor: "user-2",
		IssuedAt: time.Now().UTC().Truncate(time.Second), ExpiresAt: time.Now().UTC().Truncate(time.Second).Add(time.Hour),
	}
	for _, f := range change {
		f(&c)
	}
	raw, _, err := token.NewKeyring(fixed(document), keyring.Parse, token.Config{Issuer: issuer, Audience: audience}).Sign(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// fixed is a token.Source that never changes.
type fixed []byte

func (f fixed) Get(context.Context) ([]byte, error)     { return f, nil }
func (f fixed) Refresh(context.Context) ([]byte, error) { return f, nil }

func newVerifier(t testing.TB, l *login, options ...verify.Option) *verify.Verifier {
	t.Helper()
	options = append([]verify.Option{verify.WithTransport(l), verify.WithLogger(slog.New(slog.DiscardHandler))}, options...)
	v, err := verify.New(issuerURL, audience, options...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// call sends a request through the handler, with the headers, given as alternating names and values.
func call(v *verify.Verifier, method string, header ...string) (*http.Response, string) {
	h := v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := verify.FromContext(r.Context())
		if !ok {
			panic("no claims")
		}
		io.WriteString(w, c.Subject)
	}))
	r := httptest.NewRequest(method, "https://api.example.com/orders", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	answer := rec.Result()
	body, _ := io.ReadAll(answer.Body)
	return answer, string(body)
}

// demoLogin starts a local login for the examples and returns its issuer and a user's token.
func demoLogin() (issuer, raw string, end func()) {
	t := exampleTB{}
	l := newLogin(t, jwk.ES256)
	server := httptest.NewUnstartedServer(nil)
	issuer = "http://" + server.Listener.Addr().String()
	server.Config.Handler = overNetwork(l, issuer)
	server.Start()
	return issuer, l.tokenFor(t, issuer, issuer), server.Close
}

// exampleTB stands in for a test in an example.
type exampleTB struct{ testing.TB }

func (exampleTB) Helper()                  {}
func (exampleTB) Context() context.Context { return context.Background() }
func (exampleTB) Fatal(args ...any)        { panic(args) }
