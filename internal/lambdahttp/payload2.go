package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"golang.org/x/net/http/httpguts"
)

// eventV2 is what we need of an event of payload version 2.0: HTTP APIs and function URLs.
type eventV2 struct {
	Version         string            `json:"version"`
	Type            string            `json:"type"` // only authorizer events, otherwise alike, have one
	RouteKey        string            `json:"routeKey"`
	RawPath         string            `json:"rawPath"` // decoded already: may hold '%', '?' and '#'
	RawQueryString  string            `json:"rawQueryString"`
	Cookies         []string          `json:"cookies"`
	Headers         map[string]string `json:"headers"` // several values of a name are joined with commas
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	RequestContext  struct {
		RequestID string `json:"requestId"`
		Stage     string `json:"stage"`
		HTTP      struct {
			Method   string `json:"method"`
			SourceIP string `json:"sourceIp"`
		} `json:"http"`
	} `json:"requestContext"`
}

// requestV2 makes the request that an http.Server would have made of the same bytes on the wire.
func requestV2(ctx context.Context, event []byte) (*http.Request, error) {
	var e eventV2
	if len(event) > maxPayload || json.Unmarshal(event, &e) != nil || e.Version != "2.0" || e.Type != "" {
		return nil, errEvent
	}
	from := e.RequestContext.HTTP
	if from.Method == "" || e.RawPath == "" {
		return nil, errEvent
	}
	header, err := e.header()
	if err != nil || e.RawPath[0] != '/' {
		return nil, errRequest
	}
	body, err := e.body()
	if err != nil {
		return nil, errRequest
	}
	ctx = context.WithValue(ctx, requestIDKey{}, e.RequestContext.RequestID)
	req, err := http.NewRequestWithContext(ctx, from.Method, "/", bytes.NewReader(body))
	if err != nil { // the method is no token
		return nil, errRequest
	}
	req.URL = &url.URL{Path: withoutStage(e.RawPath, e.RequestContext.Stage, e.RouteKey), RawQuery: e.RawQueryString}
	req.RequestURI = req.URL.RequestURI()
	req.GetBody = nil // servers have none
	req.Host = header.Get("Host")
	header.Del("Host")
	req.Header = header
	if from.SourceIP != "" {
		req.RemoteAddr = net.JoinHostPort(from.SourceIP, "0")
	}
	return req, nil
}

// header refuses what an http.Server refuses. HTTP APIs send cookies in an array of their own, function URLs there and
// as a header: the array wins.
func (e *eventV2) header() (http.Header, error) {
	header := make(http.Header, len(e.Headers)+1)
	for name, value := range e.Headers {
		key := http.CanonicalHeaderKey(name)
		if header[key] != nil || !httpguts.ValidHeaderFieldName(name) {
			return nil, errRequest
		}
		header[key] = []string{value}
	}
	if len(e.Cookies) > 0 {
		header["Cookie"] = []string{strings.Join(e.Cookies, "; ")}
	}
	for _, values := range header {
		if !httpguts.ValidHeaderFieldValue(values[0]) {
			return nil, errRequest
		}
	}
	return header, nil
}

func (e *eventV2) body() ([]byte, error) {
	if !e.IsBase64Encoded {
		return []byte(e.Body), nil
	}
	if strings.ContainsAny(e.Body, "\r\n") { // which the decoder skips, even a strict one
		return nil, errors.New("line break in base64")
	}
	return base64.StdEncoding.Strict().DecodeString(e.Body)
}

// withoutStage takes a named stage off the path, where it is one: called through a custom domain the path has none.
// What remains must begin as the matched route does, so a stage called "api" leaves /api/users/login alone.
func withoutStage(path, stage, routeKey string) string {
	rest, found := strings.CutPrefix(path, "/"+stage)
	if !found || stage == "" || stage == "$default" {
		return path
	}
	if rest == "" {
		rest = "/"
	}
	_, route, _ := strings.Cut(routeKey, " ") // "ANY /users/{id}"; nothing of "$default"
	literal, _, _ := strings.Cut(route, "{")
	if rest[0] != '/' || !strings.HasPrefix(rest, literal) {
		return path
	}
	return rest
}

type responseV2 struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies,omitzero"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// encodeV2 keeps cookies apart, each a Set-Cookie of its own at the gateway; in headers they would be joined.
func encodeV2(a answer) ([]byte, error) {
	r := responseV2{StatusCode: a.status, Headers: make(map[string]string, len(a.header)), Body: string(a.body)}
	for name, values := range a.header {
		switch {
		case name == "Set-Cookie":
			r.Cookies = values
		case len(values) > 0:
			r.Headers[name] = strings.Join(values, ", ")
		}
	}
	if !utf8.Valid(a.body) {
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString(a.body), true
	}
	out, err := json.Marshal(r, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	if len(out) > maxPayload {
		return nil, errTooLarge
	}
	return out, nil
}
