package lambdahttp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"latchkey/internal/lambdahttp"
)

// fieldValue generates header values: text without controls other than tab.
var fieldValue = regexp.MustCompile(`^[\t\x20-\x7e\x{a0}-\x{d7ff}\x{e000}-\x{10ffff}]*$`)

// TestRequestRoundTrip promises that every valid header, cookie and body arrives exactly as it was sent.
func TestRequestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sent := rapid.MapOf(rapid.StringMatching(`x-[a-z0-9!#$%&'*+.^_|~]{1,12}`), rapid.StringMatching(fieldValue.String())).Draw(rt, "headers")
		cookies := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,4}=[!-:<-~]{0,8}`), 0, 4).Draw(rt, "cookies")
		body := rapid.SliceOf(rapid.Byte()).Draw(rt, "body")
		e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: "/", Headers: sent, Cookies: cookies,
			Body: base64.StdEncoding.EncodeToString(body), IsBase64Encoded: true}
		e.RequestContext.HTTP.Method = "POST"
		event, err := json.Marshal(e)
		if err != nil {
			rt.Fatal(err)
		}
		want := http.Header{}
		for name, value := range sent {
			want.Set(name, value)
		}
		if len(cookies) > 0 {
			want.Set("Cookie", strings.Join(cookies, "; "))
		}
		called := false
		invoke(t, event, func(_ http.ResponseWriter, r *http.Request) {
			called = true
			got := read(t, r)
			if diff := cmp.Diff(want, got.Header, cmpopts.EquateEmpty()); diff != "" || got.Body != string(body) {
				rt.Errorf("body %q, want %q; headers differ (-want +got):\n%s", got.Body, body, diff)
			}
		})
		if !called {
			rt.Errorf("the handler was not called for %s", event)
		}
	})
}

// TestResponseRoundTrip promises that everything a handler sets arrives, except invalid field values.
func TestResponseRoundTrip(t *testing.T) {
	value := rapid.OneOf(rapid.StringMatching(fieldValue.String()), rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(rt *rapid.T) {
		header := rapid.MapOf(rapid.StringMatching(`X-[A-Z][a-z0-9]{0,8}`), rapid.SliceOfN(value, 1, 3)).Draw(rt, "headers")
		cookies := rapid.SliceOf(value).Draw(rt, "cookies")
		body := rapid.SliceOf(rapid.Byte()).Draw(rt, "body")
		res := invoke(t, []byte(minimal), func(w http.ResponseWriter, _ *http.Request) {
			maps.Copy(w.Header(), header)
			w.Header()["Content-Type"] = nil
			w.Header()["Set-Cookie"] = slices.Clone(cookies)
			w.Write(body)
		})
		fit := func(values []string) []string {
			return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !fieldValue.MatchString(v) || strings.ToValidUTF8(v, "") != v })
		}
		want := map[string]string{}
		for name, values := range header {
			if values := fit(values); len(values) > 0 {
				want[name] = strings.Join(values, ", ")
			}
		}
		got := []byte(res.Body)
		if res.IsBase64Encoded {
			got, _ = base64.StdEncoding.DecodeString(res.Body)
		}
		if diff := cmp.Diff(want, res.Headers, cmpopts.EquateEmpty()); diff != "" || !bytes.Equal(got, body) {
			rt.Errorf("body %q, want %q; headers differ (-want +got):\n%s", got, body, diff)
		}
		if diff := cmp.Diff(fit(cookies), res.Cookies, cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("cookies differ (-want +got):\n%s", diff)
		}
	})
}

// TestRoundTripV1 promises both for events of payload version 1.0, where every header has a list of values.
func TestRoundTripV1(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.StringMatching(fieldValue.String()), 1, 3)
		sent := http.Header(rapid.MapOf(rapid.StringMatching(`X-[A-Z][a-z0-9]{0,8}`), values).Draw(rt, "headers"))
		cookies := values.Draw(rt, "cookies")
		query := url.Values(rapid.MapOf(rapid.String(), rapid.SliceOfN(rapid.String(), 1, 3)).Draw(rt, "query"))
		body := rapid.SliceOf(rapid.Byte()).Draw(rt, "body")
		e := events.APIGatewayProxyRequest{Path: "/", HTTPMethod: "POST", MultiValueHeaders: sent, MultiValueQueryStringParameters: query,
			Body: base64.StdEncoding.EncodeToString(body), IsBase64Encoded: true}
		event, err := json.Marshal(e)
		if err != nil {
			rt.Fatal(err)
		}
		res := invokeV1(t, event, func(w http.ResponseWriter, r *http.Request) {
			got := read(t, r)
			if diff := cmp.Diff(sent, got.Header, cmpopts.EquateEmpty()); diff != "" || got.Body != string(body) {
				rt.Errorf("body %q, want %q; headers differ (-want +got):\n%s", got.Body, body, diff)
			}
			if diff := cmp.Diff(query, r.URL.Query(), cmpopts.EquateEmpty()); diff != "" {
				rt.Errorf("queries differ (-want +got):\n%s", diff)
			}
			maps.Copy(w.Header(), sent)
			w.Header()["Content-Type"] = nil
			w.Header()["Set-Cookie"] = cookies
			w.Write(body)
		})
		want := sent.Clone()
		want["Set-Cookie"] = cookies
		got := []byte(res.Body)
		if res.IsBase64Encoded {
			got, _ = base64.StdEncoding.DecodeString(res.Body)
		}
		if diff := cmp.Diff(want, http.Header(res.MultiValueHeaders)); diff != "" || !bytes.Equal(got, body) {
			rt.Errorf("body %q, want %q; headers differ (-want +got):\n%s", got, body, diff)
		}
	})
}

// FuzzWrap promises an answer that API Gateway can read, for any event and a handler that echoes it.
func FuzzWrap(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.json")
	for _, path := range paths {
		f.Add(readFile(f, filepath.Base(path)))
	}
	seeds := []string{minimal, minimalV1}
	for _, test := range oddV1 {
		seeds = append(seeds, test.event)
	}
	for _, event := range slices.Concat(seeds, slices.Collect(maps.Values(odd))) {
		if len(event) < 1000 {
			f.Add([]byte(event))
		}
	}
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			f.Errorf("read %d of %d bytes: %v", len(body), r.ContentLength, err)
		}
		maps.Copy(w.Header(), r.Header)
		w.Header()[r.URL.Path] = []string{r.Host}
		w.Header()["X-Echo"] = []string{r.Method, r.URL.Path, r.URL.RawQuery, r.RequestURI, r.RemoteAddr, string(body)}
		w.Header()["Set-Cookie"] = []string{r.URL.Path, lambdahttp.RequestID(r.Context()), r.Header.Get("Cookie"), string(body)}
		if len(body) > 1 {
			w.WriteHeader(int(body[0])<<2 + int(body[1])) // not always a valid status
		}
		w.Write(body)
	}
	quiet := lambdahttp.WithLogger(slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, event []byte) {
		res := invoke(t, event, echo, quiet) // the type has the members of both versions
		if res.StatusCode < 200 || res.StatusCode > 599 || (res.Headers == nil) == (res.MultiValueHeaders == nil) {
			t.Errorf("status %d, headers %v, %v", res.StatusCode, res.Headers, res.MultiValueHeaders)
		}
		texts := slices.Concat(slices.Collect(maps.Keys(res.Headers)), slices.Collect(maps.Values(res.Headers)), res.Cookies,
			slices.Collect(maps.Keys(res.MultiValueHeaders)), slices.Concat(slices.Collect(maps.Values(res.MultiValueHeaders))...))
		for _, text := range texts {
			if !fieldValue.MatchString(text) {
				t.Errorf("%q is in a field", text)
			}
		}
		if _, err := base64.StdEncoding.DecodeString(res.Body); res.IsBase64Encoded && err != nil {
			t.Error(err)
		}
	})
}
