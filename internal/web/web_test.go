package web_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/web"
)

var (
	errTeapot    = errors.New("teapot")
	errPassword  = errors.New("the password was hunter2")
	errThrottled = throttled(1500 * time.Millisecond)
)

type throttled time.Duration

func (throttled) Error() string               { return "throttled" }
func (t throttled) RetryAfter() time.Duration { return time.Duration(t) }

// newEndpoint returns an endpoint with a table like those of contracts, and its log.
func newEndpoint(handle web.Handler) (web.Endpoint, *bytes.Buffer) {
	var log bytes.Buffer
	return web.Endpoint{
		Handle: handle, Method: http.MethodPost, Failure: "failure",
		Log: slog.New(slog.NewTextHandler(&log, nil)),
		Refusals: []web.Refusal{
			{Err: errTeapot, Status: http.StatusTeapot, Body: "teapot"},
			{Err: errThrottled, Status: http.StatusUnauthorized, Body: "throttled"},
			{Err: web.ErrBody, Status: http.StatusBadRequest, Body: "body"},
			{Err: web.ErrCrossSite, Status: http.StatusForbidden, Body: "cross-site"},
			{Err: web.ErrMethod, Status: http.StatusMethodNotAllowed, Body: "method"},
		},
	}, &log
}

func handleOK(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, "ok")
}

// call answers as a client sees it: the headers as they were when the status was written.
func call(h http.Handler, r *http.Request) (*http.Response, string) {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	answer := rec.Result()
	body, _ := io.ReadAll(answer.Body)
	return answer, string(body)
}

// standing are the headers of every answer in JSON.
func standing(more ...string) http.Header {
	h := http.Header{
		"Cache-Control":             {"no-store"},
		"Content-Security-Policy":   {"default-src 'none'; frame-ancestors 'none'"},
		"Content-Type":              {"application/json"},
		"Referrer-Policy":           {"no-referrer"},
		"Strict-Transport-Security": {"max-age=63072000"},
		"X-Content-Type-Options":    {"nosniff"},
	}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

// TestEndpointAnswers promises the table's answer to each error in it, and the constant 500, logged, to all others.
func TestEndpointAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status int
		body   string
		header http.Header
		logged bool
	}{
		{"well", nil, 200, `"ok"`, standing(), false},
		{"in the table", errTeapot, 418, `"teapot"`, standing(), false},
		{"wrapped", fmt.Errorf("pour: %w", errTeapot), 418, `"teapot"`, standing(), false},
		{"with a wait, rounded up", fmt.Errorf("login: %w", errThrottled), 401, `"throttled"`, standing("Retry-After", "2"), false},
		{"not in the table", errPassword, 500, `"failure"`, standing("Retry-After", "5"), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, log := newEndpoint(func(w http.ResponseWriter, r *http.Request) error {
				if test.err != nil {
					return test.err
				}
				return handleOK(w, r)
			})
			answer, body := call(e, httptest.NewRequest(http.MethodPost, "/x?password=hunter3", nil))
			if answer.StatusCode != test.status || body != test.body {
				t.Errorf("answer %d %s, want %d %s", answer.StatusCode, body, test.status, test.body)
			}
			if d := cmp.Diff(test.header, answer.Header); d != "" {
				t.Errorf("headers differ (-want +got):\n%s", d)
			}
			if n := strings.Count(log.String(), "\n"); n != 0 != test.logged || n > 1 {
				t.Errorf("logged %d lines: %s", n, log)
			}
			if strings.Contains(log.String(), "hunter3") {
				t.Errorf("the log has the query: %s", log)
			}
		})
	}
}

// TestEndpointHasOneMethod promises 405 with Allow (RFC 9110 15.5.6) to every other method, in any spelling.
func TestEndpointHasOneMethod(t *testing.T) {
	e, _ := newEndpoint(handleOK)
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "post", "PROPFIND"} {
		answer, body := call(e, httptest.NewRequest(method, "/", nil))
		if d := cmp.Diff(standing("Allow", "POST"), answer.Header); answer.StatusCode != 405 || body != `"method"` || d != "" {
			t.Errorf("%s: %d %s, headers differ (-want +got):\n%s", method, answer.StatusCode, body, d)
		}
	}
}

// TestRefusalDropsHandlerHeaders promises that a refusal carries no cookie that the handler set before it failed.
func TestRefusalDropsHandlerHeaders(t *testing.T) {
	e, _ := newEndpoint(func(w http.ResponseWriter, _ *http.Request) error {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "token"})
		return web.WriteJSON(w, http.StatusOK, "not UTF-8: \xff")
	})
	answer, body := call(e, httptest.NewRequest(http.MethodPost, "/", nil))
	if d := cmp.Diff(standing("Retry-After", "5"), answer.Header); answer.StatusCode != 500 || body != `"failure"` || d != "" {
		t.Errorf("%d %s, headers differ (-want +got):\n%s", answer.StatusCode, body, d)
	}
}

// TestEndpointSurvivesPanics promises the constant 500, a log that does not quote the value, and that the next request is served.
func TestEndpointSurvivesPanics(t *testing.T) {
	for name, thrown := range map[string]any{
		"text":    "the password was hunter2",
		"error":   errPassword,
		"abort":   http.ErrAbortHandler,
		"nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			calm := false
			e, log := newEndpoint(func(w http.ResponseWriter, r *http.Request) error {
				if !calm {
					w.Header().Set("Set-Cookie", "half=done")
					panic(thrown)
				}
				return handleOK(w, r)
			})
			answer, body := call(e, httptest.NewRequest(http.MethodPost, "/", nil))
			if d := cmp.Diff(standing("Retry-After", "5"), answer.Header); answer.StatusCode != 500 || body != `"failure"` || d != "" {
				t.Errorf("%d %s, headers differ (-want +got):\n%s", answer.StatusCode, body, d)
			}
			if !strings.Contains(log.String(), "panic") || !strings.Contains(log.String(), "web_test.go") {
				t.Errorf("the log does not say where: %s", log)
			}
			if strings.Contains(log.String(), "hunter2") {
				t.Errorf("the log repeats what was thrown, which may be anything: %s", log)
			}
			calm = true
			if answer, _ := call(e, httptest.NewRequest(http.MethodPost, "/", nil)); answer.StatusCode != 200 {
				t.Errorf("the next request is answered %d", answer.StatusCode)
			}
		})
	}
}

// TestRuntimeErrorIsLogged promises that the log names a mistake in the code.
func TestRuntimeErrorIsLogged(t *testing.T) {
	e, log := newEndpoint(func(http.ResponseWriter, *http.Request) error {
		var none []int
		return fmt.Errorf("unreachable: %d", none[len(none)])
	})
	call(e, httptest.NewRequest(http.MethodPost, "/", nil))
	if !strings.Contains(log.String(), "index out of range [0]") {
		t.Errorf("the log does not say what went wrong: %s", log)
	}
}

// TestEndpointCannotAnswerTwice promises that an error after the answer was begun is logged and adds nothing to it.
func TestEndpointCannotAnswerTwice(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"after the body":   func(w http.ResponseWriter) { io.WriteString(w, "begun") },
		"after the status": func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
	} {
		e, log := newEndpoint(func(w http.ResponseWriter, _ *http.Request) error {
			begin(w)
			return errTeapot
		})
		answer, body := call(e, httptest.NewRequest(http.MethodPost, "/", nil))
		if answer.StatusCode != 200 || strings.Contains(body, "teapot") {
			t.Errorf("%s: %d %s", name, answer.StatusCode, body)
		}
		if !strings.Contains(log.String(), "teapot") {
			t.Errorf("%s: the error was lost: %q", name, log)
		}
	}
}

// TestRoutesServeExactPaths promises that one spelling of a path reaches an endpoint, and every other is a JSON 404.
func TestRoutesServeExactPaths(t *testing.T) {
	e, _ := newEndpoint(handleOK)
	server := httptest.NewServer(web.Routes{"/api/users/login": e})
	defer server.Close()
	post := func(target string) *http.Response {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Opaque = target // goes out as it is
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer
	}
	for _, target := range []string{"/api/users/login", "/api/users/login?", "/api/users/login?x=/../y"} {
		if answer := post(target); answer.StatusCode != 200 {
			t.Errorf("%s: %d, want 200", target, answer.StatusCode)
		}
	}
	for _, target := range []string{
		"/", "/api/users", "/api/users/login/", "/api/users//login", "//api/users/login", "/api/users/./login",
		"/api/users/x/../login", "/api/users/login/.", "/API/users/login", "/api/users/Login", "/api/users%2flogin", "/api/users/%6cogin",
		"/api/users/login%00", "/api/users/login%20", "/api/users/login;x=1", "/api/users/login.json", `/api\users\login`,
		"/api/users/login%3f", "/api/users/l\u00f6gin",
	} {
		answer := post(target)
		if answer.StatusCode != 404 || answer.Header.Get("Location") != "" || answer.Header.Get("Content-Type") != "application/json" ||
			answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v, want a 404 in JSON", target, answer.StatusCode, answer.Header)
		}
	}
}
