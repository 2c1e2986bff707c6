package discovery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/contract/discovery"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/web"
)

const issuer = "https://login.example.com/prod"

// source is a discovery.Source that a test can change.
type source struct {
	mu   sync.Mutex
	text []byte
	err  error
}

func (s *source) Get(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text, s.err
}

func (s *source) set(text []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text, s.err = text, err
}

// ring is made once for each algorithm, because RSA keys take their time.
var ring = func() func(testing.TB, jwk.Algorithm) *keyring.Ring {
	made := map[jwk.Algorithm]func() (*keyring.Ring, error){}
	for _, a := range []jwk.Algorithm{jwk.ES256, jwk.RS256, jwk.EdDSA, jwk.HS256} {
		made[a] = sync.OnceValues(func() (*keyring.Ring, error) { return keyring.New(a, time.Now()) })
	}
	return func(t testing.TB, a jwk.Algorithm) *keyring.Ring {
		t.Helper()
		r, err := made[a]()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}()

func published(t testing.TB, a jwk.Algorithm) []byte {
	t.Helper()
	text, err := ring(t, a).PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func routes(s discovery.Source) (web.Routes, *bytes.Buffer) {
	var log bytes.Buffer
	return discovery.Routes(discovery.Config{Issuer: issuer, Log: slog.New(slog.NewTextHandler(&log, nil))}, s), &log
}

func get(t testing.TB, h http.Handler, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	answer := rec.Result()
	body, _ := io.ReadAll(answer.Body)
	return answer, string(body)
}

// TestDocuments promises the exact documents and headers, and that nothing else of the ring is published.
func TestDocuments(t *testing.T) {
	for a, algorithms := range map[jwk.Algorithm]string{
		jwk.ES256: `["ES256"]`, jwk.RS256: `["RS256"]`, jwk.EdDSA: `["EdDSA"]`, jwk.HS256: `[]`,
	} {
		h, _ := routes(&source{text: published(t, a)})
		for path, want := range map[string]string{
			discovery.JWKSPath: string(published(t, a)),
			discovery.ConfigurationPath: `{"issuer":"` + issuer + `","jwks_uri":"` + issuer + `/.well-known/jwks.json",` +
				`"response_types_supported":["id_token"],"subject_types_supported":["public"],` +
				`"id_token_signing_alg_values_supported":` + algorithms + `}`,
		} {
			answer, body := get(t, h, path, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site")
			if answer.StatusCode != 200 || body != want {
				t.Errorf("%s %s: %d %s; want %s", a, path, answer.StatusCode, body, want)
			}
			etag := answer.Header.Get("Etag")
			answer.Header.Del("Etag")
			wantHeader := http.Header{
				"Access-Control-Allow-Origin": {"*"}, "Cache-Control": {"public, max-age=300"}, "Content-Type": {"application/json"},
				"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"}, "Referrer-Policy": {"no-referrer"},
				"Strict-Transport-Security": {"max-age=63072000"}, "X-Content-Type-Options": {"nosniff"},
			}
			if diff := cmp.Diff(wantHeader, answer.Header); diff != "" || len(etag) < 10 || etag[0] != '"' {
				t.Errorf("%s %s: ETag %s, headers (-want +got):\n%s", a, path, etag, diff)
			}
		}
	}
	if text := string(published(t, jwk.HS256)); text != `{"keys":[]}` {
		t.Errorf("a symmetric ring is published as %s", text)
	}
}

// TestConditional promises 304 to clients that have the current document, and the document to all others.
func TestConditional(t *testing.T) {
	s := &source{text: published(t, jwk.ES256)}
	h, _ := routes(s)
	answer, _ := get(t, h, discovery.JWKSPath)
	etag := answer.Header.Get("Etag")
	for _, test := range []struct {
		name   string
		header []string
		status int
	}{
		{"the tag", []string{"If-None-Match", etag}, 304},
		{"weakened on its way", []string{"If-None-Match", "W/" + etag}, 304},
		{"in a list", []string{"If-None-Match", `"a", ` + etag + `,"b"`}, 304},
		{"in a second header", []string{"If-None-Match", `"a"`, "If-None-Match", etag}, 304},
		{"any", []string{"If-None-Match", "*"}, 304},
		{"another", []string{"If-None-Match", `"a"`}, 200},
		{"without quotes", []string{"If-None-Match", strings.Trim(etag, `"`)}, 200},
		{"empty", []string{"If-None-Match", ""}, 200},
		{"a date alone", []string{"If-Modified-Since", time.Now().UTC().Format(http.TimeFormat)}, 200},
	} {
		answer, body := get(t, h, discovery.JWKSPath, test.header...)
		if answer.StatusCode != test.status || answer.Header.Get("Etag") != etag || answer.Header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%s: %d, headers %v", test.name, answer.StatusCode, answer.Header)
		}
		if typed := answer.Header.Get("Content-Type") != ""; typed != (test.status == 200) || (body != "") != typed {
			t.Errorf("%s: type %v, body %q", test.name, typed, body)
		}
	}
	s.set(published(t, jwk.EdDSA), nil)
	if answer, _ := get(t, h, discovery.JWKSPath, "If-None-Match", etag); answer.StatusCode != 200 || answer.Header.Get("Etag") == etag {
		t.Errorf("after a change: %d, %v", answer.StatusCode, answer.Header)
	}
}

// TestMethods promises that only GET and HEAD are allowed.
func TestMethods(t *testing.T) {
	h, _ := routes(&source{text: published(t, jwk.ES256)})
	server := httptest.NewServer(h)
	defer server.Close()
	for method, status := range map[string]int{
		"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405, "PATCH": 405, "OPTIONS": 405, "TRACE": 405, "get": 405,
	} {
		for _, path := range []string{discovery.JWKSPath, discovery.ConfigurationPath} {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if answer.StatusCode != status || status == 405 && answer.Header.Get("Allow") != "GET, HEAD" || method == "HEAD" && len(body) > 0 {
				t.Errorf("%s %s: %d, headers %v, body %q", method, path, answer.StatusCode, answer.Header, body)
			}
			if answer.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s %s sets a cookie", method, path)
			}
		}
	}
}

// TestFailure promises that failures are a 500 that reveals nothing and must not be cached, and that an invalid set is not
// published.
func TestFailure(t *testing.T) {
	private, err := ring(t, jwk.ES256).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*source{
		"source down": {err: errors.New("secret-host refused")}, "no ring yet": {err: auth.ErrNotFound},
		"empty": {}, "broken": {text: []byte(`{"keys":[5]}`)}, "the ring itself": {text: private},
	} {
		h, log := routes(s)
		for _, path := range []string{discovery.JWKSPath, discovery.ConfigurationPath} {
			answer, body := get(t, h, path)
			if answer.StatusCode != 500 || body != `{"message":"Internal server error"}` || answer.Header.Get("Cache-Control") != "no-store" ||
				answer.Header.Get("Retry-After") == "" || answer.Header.Get("Etag") != "" {
				t.Errorf("%s: %d %s, headers %v", name, answer.StatusCode, body, answer.Header)
			}
		}
		if log.Len() == 0 {
			t.Errorf("%s: nothing logged", name)
		}
		if s.text != nil && strings.Contains(log.String(), string(s.text)) {
			t.Errorf("%s: the log quotes the set", name)
		}
		s.set(published(t, jwk.ES256), nil)
		if answer, _ := get(t, h, discovery.JWKSPath); answer.StatusCode != 200 {
			t.Errorf("%s, mended: %d", name, answer.StatusCode)
		}
	}
}

// TestOnlyPublicMembers promises that other members of the stored keys are not served.
func TestOnlyPublicMembers(t *testing.T) {
	var set map[string]any
	if err := json.Unmarshal(published(t, jwk.ES256), &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set["keys"].([]any) {
		key.(map[string]any)["createdAt"] = 5
	}
	set["macKey"] = "AA"
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	h, _ := routes(&source{text: text})
	if _, body := get(t, h, discovery.JWKSPath); body != string(published(t, jwk.ES256)) {
		t.Errorf("got %s", body)
	}
}

// TestConcurrent promises, with -race, that readers and a rotation do not interfere.
func TestConcurrent(t *testing.T) {
	s := &source{text: published(t, jwk.ES256)}
	h, _ := routes(s)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if answer, _ := get(t, h, discovery.JWKSPath); answer.StatusCode != 200 {
					t.Errorf("%d", answer.StatusCode)
				}
			}
		})
	}
	s.set(published(t, jwk.EdDSA), nil)
	wg.Wait()
}

// discard is an http.ResponseWriter without cost, so that only the handler is measured.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkJWKS measures one answer on one core.
func BenchmarkJWKS(b *testing.B) {
	h, _ := routes(&source{text: published(b, jwk.RS256)})
	r := httptest.NewRequest(http.MethodGet, discovery.JWKSPath, nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(discard{http.Header{}}, r)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
}
