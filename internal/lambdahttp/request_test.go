package lambdahttp_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/lambdahttp"
)

// request is everything that a handler can see of a request, except its context.
type request struct {
	Method, Path, Spelling, Query, Host, Proto string // Spelling is the path before decoding
	Header                                     http.Header
	Body                                       string
	ContentLength                              int64
}

func read(t testing.TB, r *http.Request) request {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("read the request body: %v", err)
	}
	return request{
		Method: r.Method, Path: r.URL.Path, Spelling: r.URL.EscapedPath(), Query: r.URL.RawQuery, Host: r.Host, Proto: r.Proto,
		Header: r.Header, Body: string(body), ContentLength: r.ContentLength,
	}
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// answer sends the event through the handler and decodes the answer, which must have no other members than T.
func answer[T any](t testing.TB, event []byte, next http.HandlerFunc, options ...lambdahttp.Option) T {
	t.Helper()
	out, err := lambdahttp.Wrap(next, options...).Invoke(t.Context(), event)
	if err != nil {
		t.Fatalf("Invoke returned an error: %v", err)
	}
	var res T
	dec := json.NewDecoder(bytes.NewReader(out))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&res); err != nil {
		t.Fatalf("the answer %q is not what API Gateway reads: %v", out, err)
	}
	return res
}

// invoke is for events of payload version 2.0.
func invoke(t testing.TB, event []byte, next http.HandlerFunc, options ...lambdahttp.Option) events.APIGatewayV2HTTPResponse {
	t.Helper()
	return answer[events.APIGatewayV2HTTPResponse](t, event, next, options...)
}

// invokeV1 is for events of payload version 1.0.
func invokeV1(t testing.TB, event []byte, next http.HandlerFunc, options ...lambdahttp.Option) events.APIGatewayProxyResponse {
	t.Helper()
	return answer[events.APIGatewayProxyResponse](t, event, next, options...)
}

// TestRequest compares, for each event NAME.json, the handler's request with what net/http reads from NAME.http, the same
// request on the wire.
func TestRequest(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) < 20 {
		t.Fatalf("found %d fixtures, error %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(readFile(t, name+".http"))))
			if err != nil {
				t.Fatal(err)
			}
			want := read(t, r)
			called := false
			answer[any](t, readFile(t, name+".json"), func(_ http.ResponseWriter, r *http.Request) {
				called = true
				again, err := http.NewRequest("GET", r.RequestURI, nil)
				if err != nil || again.URL.Path != r.URL.Path && again.URL.Host == "" || r.URL.RequestURI() != r.RequestURI {
					t.Errorf("RequestURI is %q, which reads as %v, error %v", r.RequestURI, again, err)
				}
				if diff := cmp.Diff(want, read(t, r)); diff != "" {
					t.Errorf("not the request on the wire (-want +got):\n%s", diff)
				}
			})
			if !called {
				t.Error("the handler was not called")
			}
		})
	}
}

// TestRequestOrigin promises that address and id are the gateway's, whatever the headers say.
func TestRequestOrigin(t *testing.T) {
	for _, test := range []struct{ fixture, remote, id string }{
		{"get", "203.0.113.7:0", "BmNkRjQ3liAEJ0g="}, // X-Forwarded-For has the same address
		{"repeated-headers", "203.0.113.7:0", "BmNkRjQ3liAEJ0g="},
		{"ipv6", "[2001:db8:0:1::7]:0", "BmNkRjQ3liAEJ0g="},
		{"no-source", "", "BmNkRjQ3liAEJ0g="}, // despite an X-Forwarded-For
		{"url-both-cookies", "203.0.113.7:0", "4d1d3c53-5a0c-4b6e-9f55-8f4d20a7f1c3"},
		{"sam-local", "127.0.0.1:0", "BmNkRjQ3liAEJ0g="},
		{"rest-json-body", "203.0.113.7:0", "4d1d3c53-5a0c-4b6e-9f55-8f4d20a7f1c3"},
		{"rest-ipv6", "[2001:db8:0:1::7]:0", "4d1d3c53-5a0c-4b6e-9f55-8f4d20a7f1c3"},
		{"rest-no-source", "", "4d1d3c53-5a0c-4b6e-9f55-8f4d20a7f1c3"},
		{"rest-console", "test-invoke-source-ip:0", "4d1d3c53-5a0c-4b6e-9f55-8f4d20a7f1c3"}, // not an address, as expected
		{"http1-get", "203.0.113.7:0", "4d1d3c53-5a0c-4b6e-9f55-8f4d20a7f1c3"},
	} {
		t.Run(test.fixture, func(t *testing.T) {
			answer[any](t, readFile(t, test.fixture+".json"), func(_ http.ResponseWriter, r *http.Request) {
				if r.RemoteAddr != test.remote {
					t.Errorf("RemoteAddr = %q, want %q", r.RemoteAddr, test.remote)
				}
				if got := lambdahttp.RequestID(r.Context()); got != test.id {
					t.Errorf("RequestID = %q, want %q", got, test.id)
				}
			})
		})
	}
	if got := lambdahttp.RequestID(context.Background()); got != "" {
		t.Errorf("RequestID outside of a request = %q, want none", got)
	}
}

// minimal is the smallest valid event.
const minimal = `{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`

// with is minimal with further members.
func with(members string) string { return strings.TrimSuffix(minimal, "}") + "," + members + "}" }

// TestTolerated promises that members that are null, empty or unknown are tolerated in an event of version 2.0.
func TestTolerated(t *testing.T) {
	for name, event := range map[string]string{
		"minimal":           minimal,
		"null members":      with(`"headers":null,"cookies":null,"body":null,"isBase64Encoded":null,"rawQueryString":null,"routeKey":null`),
		"null header":       with(`"headers":{"x":null}`),
		"empty members":     with(`"headers":{},"cookies":[],"body":""`),
		"odd other members": with(`"stageVariables":[1,{"a":null}],"pathParameters":"x","queryStringParameters":7`),
		"obsolete method":   strings.Replace(minimal, "GET", "M-SEARCH", 1),
		"no host":           with(`"headers":{"accept":"*/*"}`),
		"spaces around":     "\n " + minimal + " \n",
		"empty base64":      with(`"isBase64Encoded":true`),
	} {
		t.Run(name, func(t *testing.T) {
			called := false
			res := invoke(t, []byte(event), func(http.ResponseWriter, *http.Request) { called = true })
			if !called || res.StatusCode != 200 {
				t.Errorf("called %v, status %d, want the handler's 200", called, res.StatusCode)
			}
		})
	}
}

// odd are events that must not reach a handler.
var odd = map[string]string{
	"nothing":              ``,
	"not JSON":             `<event/>`,
	"half":                 minimal[:len(minimal)-1],
	"two values":           minimal + minimal,
	"null":                 `null`,
	"number":               `1e999`,
	"string":               `"2.0"`,
	"array":                `[` + minimal + `]`,
	"empty":                `{}`,
	"deep":                 strings.Repeat(`[`, 100_000),
	"deep within":          with(`"x":` + strings.Repeat(`{"a":`, 100_000)),
	"huge":                 with(`"body":"` + strings.Repeat("x", 7<<20) + `"`),
	"ALB":                  `{"requestContext":{"elb":{"targetGroupArn":"arn:aws:elasticloadbalancing:x"}},"httpMethod":"GET","path":"/","headers":{}}`,
	"WebSocket":            `{"requestContext":{"routeKey":"$connect","eventType":"CONNECT","connectionId":"x="},"isBase64Encoded":false}`,
	"authorizer":           with(`"type":"REQUEST","routeArn":"arn:aws:execute-api:x","identitySource":["a"]`),
	"S3":                   `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","s3":{"object":{"key":"x"}}}]}`,
	"SQS":                  `{"Records":[{"messageId":"x","body":"{}","eventSource":"aws:sqs"}]}`,
	"schedule":             `{"version":"0","source":"aws.events","detail-type":"Scheduled Event","detail":{}}`,
	"rotation":             `{"Step":"createSecret","SecretId":"arn:aws:secretsmanager:x","ClientRequestToken":"x"}`,
	"version 3":            strings.Replace(minimal, "2.0", "3.0", 1),
	"version a number":     strings.Replace(minimal, `"2.0"`, `2.0`, 1),
	"version by case":      strings.Replace(minimal, `version`, `Version`, 1),
	"no context":           `{"version":"2.0","rawPath":"/"}`,
	"null context":         `{"version":"2.0","rawPath":"/","requestContext":null}`,
	"context an array":     `{"version":"2.0","rawPath":"/","requestContext":[]}`,
	"no http":              `{"version":"2.0","rawPath":"/","requestContext":{}}`,
	"http a string":        `{"version":"2.0","rawPath":"/","requestContext":{"http":"GET /"}}`,
	"no method":            `{"version":"2.0","rawPath":"/","requestContext":{"http":{}}}`,
	"method an array":      `{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":["GET"]}}}`,
	"method with a space":  strings.Replace(minimal, "GET", "GET /", 1),
	"method with a break":  strings.Replace(minimal, "GET", `GET\r\n`, 1),
	"no path":              `{"version":"2.0","requestContext":{"http":{"method":"GET"}}}`,
	"path an object":       `{"version":"2.0","rawPath":{},"requestContext":{"http":{"method":"GET"}}}`,
	"path without slash":   strings.Replace(minimal, `"/"`, `"x"`, 1),
	"path a URL":           strings.Replace(minimal, `"/"`, `"https://evil.example/"`, 1),
	"two paths":            with(`"rawPath":"/other"`),
	"path not UTF-8":       strings.Replace(minimal, `"/"`, "\"/\xff\"", 1),
	"lone surrogate":       strings.Replace(minimal, `"/"`, `"/\ud800"`, 1),
	"source a number":      strings.Replace(minimal, `"method"`, `"sourceIp":7,"method"`, 1),
	"query an object":      with(`"rawQueryString":{}`),
	"headers an array":     with(`"headers":["a: b"]`),
	"header a number":      with(`"headers":{"a":1}`),
	"header an array":      with(`"headers":{"a":["b"]}`),
	"header twice":         with(`"headers":{"Host":"a","host":"b"}`),
	"header without name":  with(`"headers":{"":"x"}`),
	"header name a phrase": with(`"headers":{"a b":"x"}`),
	"header name broken":   with(`"headers":{"a\r\nb":"x"}`),
	"header value broken":  with(`"headers":{"a":"x\r\nb: y"}`),
	"header value NUL":     with(`"headers":{"a":"\u0000"}`),
	"cookies a string":     with(`"cookies":"a=b"`),
	"cookie a number":      with(`"cookies":[1]`),
	"cookie broken":        with(`"cookies":["a=b\nc"]`),
	"body an object":       with(`"body":{"username":"x"}`),
	"flag a string":        with(`"body":"eA==","isBase64Encoded":"true"`),
	"not base64":           with(`"body":"{}","isBase64Encoded":true`),
	"base64 for URLs":      with(`"body":"-_-_","isBase64Encoded":true`),
	"base64 not padded":    with(`"body":"eA","isBase64Encoded":true`),
	"base64 spare bits":    with(`"body":"eB==","isBase64Encoded":true`),
	"base64 line breaks":   with(`"body":"eHh4\r\neHh4","isBase64Encoded":true`),
	"base64 break at end":  with(`"body":"eHh4\n","isBase64Encoded":true`),
}

// TestOddEvents promises that an invalid event of version 2.0 is a 400 and never reaches the handler.
func TestOddEvents(t *testing.T) {
	for name, event := range odd {
		t.Run(name, func(t *testing.T) {
			res := invoke(t, []byte(event), func(http.ResponseWriter, *http.Request) {
				t.Error("the handler was called")
			})
			var body struct{ Message string }
			if err := json.Unmarshal([]byte(res.Body), &body); err != nil || body.Message == "" {
				t.Errorf("body %q holds no message: %v", res.Body, err)
			}
			if res.StatusCode != 400 || res.Headers["Content-Type"] != "application/json" {
				t.Errorf("status %d, headers %v, want 400 in JSON", res.StatusCode, res.Headers)
			}
		})
	}
}
