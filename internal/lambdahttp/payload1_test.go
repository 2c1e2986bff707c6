package lambdahttp_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/lambdahttp"
)

// minimalV1 is the smallest valid event of a REST API.
const minimalV1 = `{"path":"/","httpMethod":"GET","requestContext":{"identity":{}}}`

// withV1 is minimalV1 with further members.
func withV1(members string) string { return strings.TrimSuffix(minimalV1, "}") + "," + members + "}" }

// TestToleratedV1 promises that members that are null, empty or unknown are tolerated in an event of version 1.0.
func TestToleratedV1(t *testing.T) {
	for name, event := range map[string]string{
		"REST":             minimalV1,
		"HTTP API":         withV1(`"version":"1.0"`),
		"null members":     withV1(`"headers":null,"multiValueHeaders":null,"multiValueQueryStringParameters":null,"pathParameters":null,"body":null`),
		"null header":      withV1(`"multiValueHeaders":{"x":null}`),
		"header of nobody": withV1(`"multiValueHeaders":{"x":[]}`),
		"odd others":       withV1(`"stageVariables":[1],"requestContextual":7`),
		"odd resource":     withV1(`"resource":"$default"`),
		"empty version":    withV1(`"version":""`),
	} {
		t.Run(name, func(t *testing.T) {
			called := false
			res := invokeV1(t, []byte(event), func(_ http.ResponseWriter, r *http.Request) {
				called = true
				if _, empty := r.Header["X"]; empty || r.URL.Path != "/" || r.URL.RawQuery != "" {
					t.Errorf("the request is %s %v", r.URL, r.Header)
				}
			})
			if !called || res.StatusCode != 200 {
				t.Errorf("called %v, status %d, want the handler's 200", called, res.StatusCode)
			}
		})
	}
}

// TestOtherSpellingsV1 promises that a handler sees the resource's path only if the request spelled it exactly, possibly after a
// plain base path, and that nothing is mistaken for a stage.
func TestOtherSpellingsV1(t *testing.T) {
	for path, want := range map[string]string{
		"/auth/api/users/login":         "/api/users/login",
		"/auth/api/users/%6cogin":       "/api/users/%6cogin",
		"//api/users/login":             "//api/users/login",
		"/auth//api/users/login":        "/auth//api/users/login",
		"/%61uth/api/users/login":       "/%61uth/api/users/login",
		"/live/api/users/login/":        "/live/api/users/login/",
		"/live/api/users/login;x":       "/live/api/users/login;x",
		"/api/users/login%2F..%2Flogin": "/api/users/login%2F..%2Flogin",
	} {
		event := strings.Replace(minimalV1, `"identity"`, `"stage":"live","identity"`, 1)
		event = strings.Replace(event, `"path":"/"`, `"resource":"/api/users/login","path":"`+path+`"`, 1)
		got := ""
		invokeV1(t, []byte(event), func(_ http.ResponseWriter, r *http.Request) { got = r.URL.EscapedPath() })
		if got != want {
			t.Errorf("%s is %q to the handler, want %s", path, got, want)
		}
	}
}

// oddV1 are events of payload version 1.0 that must not reach a handler, and whether they are recognizable enough to be answered
// in that version.
var oddV1 = map[string]struct {
	event   string
	request bool
}{
	"no method":                  {`{"path":"/","requestContext":{"identity":{}}}`, false},
	"no path":                    {`{"httpMethod":"GET","requestContext":{"identity":{}}}`, false},
	"no context":                 {`{"path":"/","httpMethod":"GET"}`, false},
	"no identity":                {`{"resource":"/{proxy+}","path":"/","httpMethod":"GET","requestContext":{"stage":"prod"}}`, false},
	"null identity":              {`{"path":"/","httpMethod":"GET","requestContext":{"identity":null}}`, false},
	"authorizer":                 {withV1(`"type":"REQUEST","methodArn":"arn:aws:execute-api:x"`), false},
	"authorizer of an HTTP API":  {withV1(`"version":"1.0","type":"REQUEST","identitySource":"a"`), false},
	"version 1":                  {withV1(`"version":"1"`), false},
	"called 2.0":                 {withV1(`"version":"2.0"`), false},
	"null version":               {withV1(`"version":1.0`), false},
	"source a number":            {strings.Replace(minimalV1, `{}`, `{"sourceIp":7}`, 1), false},
	"header no list":             {withV1(`"multiValueHeaders":{"a":"b"}`), false},
	"header a list":              {withV1(`"headers":{"a":["b"]}`), false},
	"query no list":              {withV1(`"multiValueQueryStringParameters":{"a":"b"}`), false},
	"parameter a list":           {withV1(`"pathParameters":{"a":["b"]}`), false},
	"body an object":             {withV1(`"body":{}`), false},
	"two paths":                  {withV1(`"path":"/other"`), false},
	"lone surrogate":             {withV1(`"body":"\ud800"`), false},
	"method with a space":        {strings.Replace(minimalV1, "GET", "GET /", 1), true},
	"path without slash":         {strings.Replace(minimalV1, `"/"`, `"x"`, 1), true},
	"path a URL":                 {strings.Replace(minimalV1, `"/"`, `"https://evil.example/"`, 1), true},
	"path with a query":          {strings.Replace(minimalV1, `"/"`, `"/?a=b"`, 1), true},
	"path badly encoded":         {strings.Replace(minimalV1, `"/"`, `"/%2"`, 1), true},
	"path with a break":          {strings.Replace(minimalV1, `"/"`, `"/\r\n"`, 1), true},
	"decoded, without slash":     {strings.Replace(withV1(`"version":"1.0"`), `"/"`, `"x"`, 1), true},
	"header twice":               {withV1(`"multiValueHeaders":{"A":["b"],"a":["c"]}`), true},
	"header twice, single":       {withV1(`"headers":{"A":"b","a":"c"}`), true},
	"two hosts":                  {withV1(`"multiValueHeaders":{"Host":["a","b"]}`), true},
	"header name broken":         {withV1(`"multiValueHeaders":{"a\r\nb":["x"]}`), true},
	"header without name":        {withV1(`"multiValueHeaders":{"":["x"]}`), true},
	"second value broken":        {withV1(`"multiValueHeaders":{"a":["b","c\r\nd: e"]}`), true},
	"value broken, single":       {withV1(`"headers":{"a":"\u0000"}`), true},
	"not base64":                 {withV1(`"body":"{}","isBase64Encoded":true`), true},
	"base64 line breaks":         {withV1(`"body":"eHh4\r\neHh4","isBase64Encoded":true`), true},
	"base64 not padded":          {withV1(`"body":"eA","isBase64Encoded":true`), true},
	"AppSync":                    {`{"arguments":{},"identity":null,"request":{"headers":{}},"info":{}}`, false},
	"VPC Lattice":                {`{"method":"GET","raw_path":"/","headers":{},"query_string_parameters":{},"body":"","is_base64_encoded":false}`, false},
	"VPC Lattice 2":              {`{"version":"2.0","path":"/","method":"GET","headers":{},"requestContext":{"serviceArn":"arn:aws:vpc-lattice:x"}}`, false},
	"WebSocket with a body":      {`{"requestContext":{"routeKey":"$default","eventType":"MESSAGE","identity":{"sourceIp":"203.0.113.7"}},"body":"{}"}`, false},
	"huge":                       {withV1(`"body":"` + strings.Repeat("x", 7<<20) + `"`), false},
	"deep where nobody looks":    {withV1(`"x":` + strings.Repeat(`{"a":`, 100_000)), false},
	"path parameters as a path":  {withV1(`"pathParameters":"x"`), false},
	"context beside its members": {`{"path":"/","httpMethod":"GET","identity":{},"requestContext":[]}`, false},
}

// TestOddEventsV1 promises that an invalid event of version 1.0 is a 400 and never reaches the handler.
func TestOddEventsV1(t *testing.T) {
	for name, test := range oddV1 {
		t.Run(name, func(t *testing.T) {
			handler := func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") }
			status, body, kind := 0, "", ""
			if test.request {
				res := invokeV1(t, []byte(test.event), handler)
				status, body, kind = res.StatusCode, res.Body, strings.Join(res.MultiValueHeaders["Content-Type"], "|")
			} else {
				res := invoke(t, []byte(test.event), handler)
				status, body, kind = res.StatusCode, res.Body, res.Headers["Content-Type"]
			}
			var told struct{ Message string }
			if err := json.Unmarshal([]byte(body), &told); err != nil || told.Message == "" || status != 400 || kind != "application/json" {
				t.Errorf("status %d, type %q, body %q, want 400 with a message in JSON", status, kind, body)
			}
		})
	}
}

// TestLoadBalancer promises a clear refusal in the format that a target group reads.
func TestLoadBalancer(t *testing.T) {
	const event = `{"requestContext":{"elb":{"targetGroupArn":"arn:aws:elasticloadbalancing:x"}},"httpMethod":"POST",` +
		`"path":"/api/users/login",%s,"body":"{}","isBase64Encoded":false}`
	const want = `{"message":"events of load balancers are not supported"}`
	handler := func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") }
	single := invoke(t, fmt.Appendf(nil, event, `"headers":{"x-forwarded-for":"203.0.113.7"}`), handler)
	if single.StatusCode != 400 || single.Body != want || single.Headers["Content-Type"] != "application/json" {
		t.Errorf("answered %+v", single)
	}
	multi := invokeV1(t, fmt.Appendf(nil, event, `"multiValueHeaders":{"x-forwarded-for":["203.0.113.7"]}`), handler)
	if multi.StatusCode != 400 || multi.Body != want || len(multi.MultiValueHeaders["Content-Type"]) != 1 {
		t.Errorf("answered %+v", multi)
	}
}

// TestResponseV1 promises each answer in version 1.0's format, with every value of a header separate.
func TestResponseV1(t *testing.T) {
	type values = map[string][]string
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    events.APIGatewayProxyResponse
	}{
		{"writes nothing", func(http.ResponseWriter, *http.Request) {},
			events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: values{}}},
		{"every value by itself", func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h["Set-Cookie"] = []string{"b=2; Path=/", "a=1; Expires=Mon, 01 Jan 2029 00:00:00 GMT", "b=2; Path=/"}
			h["set-cookie"] = []string{"c=3"}
			h["Vary"] = []string{"Origin", "Accept"}
			h["X-Gone"] = nil
			w.WriteHeader(202)
		}, events.APIGatewayProxyResponse{StatusCode: 202, MultiValueHeaders: values{
			"Set-Cookie": {"b=2; Path=/", "a=1; Expires=Mon, 01 Jan 2029 00:00:00 GMT", "b=2; Path=/", "c=3"},
			"Vary":       {"Origin", "Accept"},
		}}},
		{"what breaks out of a field goes", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Set-Cookie"] = []string{"a=1\nb", "k=1", "c=\x01"}
			w.Header()["X-A"] = []string{"\r\n"}
		}, events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: values{"Set-Cookie": {"k=1"}}}},
		{"bytes in base64", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte{0xff, 0xd8, 0xff}) },
			events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: values{"Content-Type": {"image/jpeg"}}, Body: "/9j/", IsBase64Encoded: true}},
		{"text as it is", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<é>&") },
			events.APIGatewayProxyResponse{StatusCode: 200, MultiValueHeaders: values{"Content-Type": {"text/plain; charset=utf-8"}}, Body: "<é>&"}},
		{"panic", func(http.ResponseWriter, *http.Request) { panic("x") },
			events.APIGatewayProxyResponse{StatusCode: 500, Body: `{"message":"Internal Server Error"}`, MultiValueHeaders: values{
				"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}}}},
	} {
		for version, event := range map[string]string{"REST": minimalV1, "1.0": withV1(`"version":"1.0"`)} {
			t.Run(test.name+", "+version, func(t *testing.T) {
				got := invokeV1(t, []byte(event), test.handler, lambdahttp.WithLogger(slog.New(slog.DiscardHandler)))
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("not the wanted answer (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// restGateway does what a REST API does before and after a function, treating every body as binary.
func restGateway(t *testing.T, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := events.APIGatewayProxyRequest{Resource: "/{proxy+}", HTTPMethod: r.Method, MultiValueHeaders: map[string][]string{"host": {r.Host}}}
		e.Path, _, _ = strings.Cut(r.RequestURI, "?")
		e.PathParameters = map[string]string{"proxy": r.URL.Path[1:]}
		e.MultiValueQueryStringParameters = r.URL.Query()
		maps.Copy(e.MultiValueHeaders, r.Header)
		e.RequestContext.Identity.SourceIP, e.Body = peerAndBody(t, r)
		e.IsBase64Encoded, e.RequestContext.Stage = true, "live"
		event, err := json.Marshal(e)
		if err != nil {
			t.Error(err)
		}
		res := invokeV1(t, event, next)
		maps.Copy(w.Header(), res.MultiValueHeaders)
		pass(t, w, r, res.StatusCode, res.Body, res.IsBase64Encoded)
	}
}
