package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/lambdahttp"
)

// event is one of ../events with its expected answer, which the tests of internal/app compare with the function's.
type event struct {
	answer
	contentType string
	requestBody []byte
}

// events returns those that reach a handler, by name; examples have the same names.
func events(t *testing.T) map[string]event {
	t.Helper()
	events := map[string]event{}
	folders, err := filepath.Glob("../events/*")
	check(t, err)
	for _, folder := range folders {
		function := filepath.Base(folder)
		if function == "authorizer" || function == "rotate" { // not called by HTTP
			continue
		}
		files, err := filepath.Glob(folder + "/*.want.json")
		check(t, err)
		for _, file := range files {
			e, reached := readEvent(t, strings.TrimSuffix(file, ".want.json"))
			if !reached {
				continue
			}
			e.name = strings.TrimSuffix(filepath.Base(file), ".want.json")
			if _, twice := events[e.name]; twice {
				e.name = function + "-" + e.name
			}
			events[e.name] = e
		}
	}
	if len(events) < 100 {
		t.Fatalf("only %d events found", len(events))
	}
	return events
}

// readEvent reports whether the event reaches a handler: events that are not HTTP requests are not described.
func readEvent(t *testing.T, path string) (e event, reached bool) {
	t.Helper()
	sent, err := os.ReadFile(path + ".json")
	check(t, err)
	_, err = lambdahttp.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached = true
		e.method, e.path, e.contentType = r.Method, r.URL.EscapedPath(), strings.Join(r.Header.Values("Content-Type"), ", ")
		e.requestBody, err = io.ReadAll(r.Body)
		check(t, err)
	})).Invoke(t.Context(), sent)
	check(t, err)

	var want struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Cookies           []string
		Body              string
	}
	answered, err := os.ReadFile(path + ".want.json")
	check(t, err)
	check(t, json.Unmarshal(answered, &want))
	e.status, e.body, e.header = want.StatusCode, []byte(want.Body), http.Header(want.MultiValueHeaders)
	if e.header == nil {
		e.header = http.Header{}
	}
	for name, value := range want.Headers {
		e.header.Set(name, value)
	}
	if len(want.Cookies) > 0 {
		e.header["Set-Cookie"] = want.Cookies
	}
	return e, reached
}
