package lambdahttp

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// eventV2 has the members we need of payload version 2.0: HTTP APIs and function URLs.
type eventV2 struct {
	RouteKey        string            `json:"routeKey"`
	RawPath         string            `json:"rawPath"` // already decoded: may contain '%', '?' and '#'
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

func readV2(event []byte) (call, encoder, error) {
	var e eventV2
	if json.Unmarshal(event, &e) != nil || e.RequestContext.HTTP.Method == "" || e.RawPath == "" {
		return call{}, encodeV2, errEvent
	}
	header, err := e.header()
	if err != nil || e.RawPath[0] != '/' {
		return call{}, encodeV2, errRequest
	}
	return call{
		id: e.RequestContext.RequestID, method: e.RequestContext.HTTP.Method, source: e.RequestContext.HTTP.SourceIP,
		url:    &url.URL{Path: withoutStage(e.RawPath, e.RequestContext.Stage, e.RouteKey), RawQuery: e.RawQueryString},
		header: header, body: e.Body, base64: e.IsBase64Encoded,
	}, encodeV2, nil
}

// header takes cookies from their own array: HTTP APIs send them only there, function URLs also as a header.
func (e *eventV2) header() (http.Header, error) {
	header := make(http.Header, len(e.Headers)+1)
	for name, value := range e.Headers {
		if err := add(header, name, value); err != nil {
			return nil, err
		}
	}
	if len(e.Cookies) == 0 {
		return header, nil
	}
	header.Del("Cookie")
	return header, add(header, "Cookie", strings.Join(e.Cookies, "; "))
}

// withoutStage removes a named stage from the path; through a custom domain the path has no stage. The rest must begin like the
// matched route, so that a stage named "api" does not change /api/users/login.
func withoutStage(path, stage, routeKey string) string {
	rest, found := strings.CutPrefix(path, "/"+stage)
	if !found || stage == "" || stage == "$default" {
		return path
	}
	if rest == "" {
		rest = "/"
	}
	_, route, _ := strings.Cut(routeKey, " ") // "ANY /users/{id}"; empty for "$default"
	literal, _, _ := strings.Cut(route, "{")
	if rest[0] != '/' || !strings.HasPrefix(rest, literal) {
		return path
	}
	return rest
}

type responseV2 struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Cookies    []string          `json:"cookies,omitzero"`
	responseBody
}

// encodeV2 returns cookies separately, because the gateway would join Set-Cookie headers.
func encodeV2(a answer) ([]byte, error) {
	r := responseV2{StatusCode: a.status, Headers: make(map[string]string, len(a.header)), responseBody: bodyOf(a)}
	for name, values := range a.header {
		switch {
		case name == "Set-Cookie":
			r.Cookies = values
		case len(values) > 0:
			r.Headers[name] = strings.Join(values, ", ")
		}
	}
	return marshal(r)
}

// responseBody holds the body of answers in both versions.
type responseBody struct {
	Body            string `json:"body"`
	IsBase64Encoded bool   `json:"isBase64Encoded"`
}

func bodyOf(a answer) responseBody {
	if !utf8.Valid(a.body) {
		return responseBody{base64.StdEncoding.EncodeToString(a.body), true}
	}
	return responseBody{string(a.body), false}
}

func marshal(response any) ([]byte, error) {
	out, err := json.Marshal(response, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	if len(out) > maxPayload {
		return nil, errTooLarge
	}
	return out, nil
}
