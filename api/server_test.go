package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/passkey"
	"latchkey/internal/sqlite"
	"latchkey/internal/token"
)

// answer is the answer to a request, with the name of its example if it has one.
type answer struct {
	name, method, path string
	status             int
	header             http.Header
	body               []byte
}

// server runs the handlers of `latchkey serve` over HTTP and records their answers.
type server struct {
	*authtest.Kit
	url      string
	each     []edit // of every request
	answers  []answer
	store    *sqlite.Store
	noKeys   bool
	keysText []byte
	keys     auth.Keys
}

// newServer takes settings as pairs of a name, without its prefix, and a value; margaret may impersonate.
func newServer(t *testing.T, settings ...string) *server {
	t.Helper()
	margaret := authtest.NewUser("margaret")
	margaret.Role = "support"
	store, err := sqlite.Open(t.Context(), t.TempDir()+"/api.db")
	check(t, err)
	t.Cleanup(func() { store.Close() })
	kit := authtest.NewKitOver(t, store, authtest.Ada(), authtest.Grace(), authtest.Alan(), authtest.Joan(), margaret)
	s := &server{Kit: kit, store: store}
	ring, err := keyring.New(jwk.ES256, authtest.Start())
	check(t, err)
	s.keysText, err = ring.Marshal()
	check(t, err)

	environment := map[string]string{
		"STORE": "sqlite:unused", "KEYS": "file:unused", "ISSUER": "http://127.0.0.1:3000", "IMPERSONATOR_ROLES": "support",
		"RESET_URL": "https://app.example.org/reset",
	}
	for i := 0; i < len(settings); i += 2 {
		environment[settings[i]] = settings[i+1]
	}
	config, err := app.ConfigFrom(func(name string) string { return environment[strings.TrimPrefix(name, app.Prefix)] })
	check(t, err)
	keys := token.NewKeyring(s, keyring.Parse, token.Config{Issuer: config.Issuer.String(), Audience: config.Audience, Now: kit.Clock.Now})
	s.keys = keys
	listening := httptest.NewServer(app.Identified(app.ServeHandler(config, app.Ports{
		Store: store, Outbox: &authtest.Outbox{}, Passwords: kit.Hasher, Passkeys: passkey.New(), Keys: keys, Tokens: keys,
		PublicKeys: app.CachedPublicKeys(app.RingPublicKeys(s)), Log: kit.Log.Logger(), Now: kit.Clock.Now,
	})))
	t.Cleanup(listening.Close)
	s.url = listening.URL
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Get returns the key ring; the server is its own source of it.
func (s *server) Get(context.Context) ([]byte, error) {
	if s.noKeys {
		return nil, errors.New("no keys")
	}
	return s.keysText, nil
}

// Refresh is Get.
func (s *server) Refresh(ctx context.Context) ([]byte, error) { return s.Get(ctx) }

// breakDown makes the store and the public keys fail.
func (s *server) breakDown(t *testing.T) {
	t.Helper()
	check(t, s.store.Close())
	s.noKeys = true
}

// edit changes a request before it is sent.
type edit func(*http.Request)

func header(name, value string) edit {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func bearer(token string) edit { return header("Authorization", "Bearer "+token) }

func cookie(name, value string) edit { return header("Cookie", name+"="+value) }

// body sets a JSON body, unless a Content-Type was set before.
func body(text string) edit {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		if r.Header.Get("Content-Type") == "" {
			r.Header.Set("Content-Type", "application/json")
		}
	}
}

// send sends the request and records the answer under the name, which may be empty.
func (s *server) send(t *testing.T, name, method, path string, edits ...edit) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
	check(t, err)
	for _, edit := range append(s.each, edits...) {
		edit(request)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	check(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	check(t, err)
	a := answer{name, method, request.URL.EscapedPath(), response.StatusCode, response.Header, text}
	s.answers = append(s.answers, a)
	return a
}

// want is send, and fails if the status is another.
func (s *server) want(t *testing.T, status int, name, method, path string, edits ...edit) answer {
	t.Helper()
	a := s.send(t, name, method, path, edits...)
	if a.status != status {
		t.Fatalf("%s %s: %d %s, not %d", method, path, a.status, a.body, status)
	}
	return a
}

// tokens are the values of the cookies that the answer sets, access and refresh.
func (a answer) tokens() (access, refresh string) {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		switch c.Name {
		case "planpoint":
			access = c.Value
		case "planpointRefresh":
			refresh = c.Value
		}
	}
	return access, refresh
}
