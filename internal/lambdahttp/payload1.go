package lambdahttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
)

// eventV1 has the members we need of payload version 1.0: REST APIs, whose events name no version, and HTTP APIs with such an
// integration.
type eventV1 struct {
	Version  string `json:"version"`
	Resource string `json:"resource"` // in the API's spelling: /api/users/sessions/{id}
	// Path begins with the base path of a custom domain's mapping. REST APIs leave it percent-encoded.
	Path                            string              `json:"path"`
	PathParameters                  map[string]string   `json:"pathParameters"`
	Method                          string              `json:"httpMethod"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"` // decoded; the last of several values
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"`
	Headers                         map[string]string   `json:"headers"` // the last of several values
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
	Body                            string              `json:"body"`
	IsBase64Encoded                 bool                `json:"isBase64Encoded"`
	RequestContext                  struct {
		RequestID string `json:"requestId"`
		Stage     string `json:"stage"`
		Identity  *struct {
			SourceIP string `json:"sourceIp"`
		} `json:"identity"`
	} `json:"requestContext"`
}

func readV1(event []byte) (call, encoder, error) {
	var e eventV1
	if json.Unmarshal(event, &e) != nil || e.Method == "" || e.Path == "" || e.RequestContext.Identity == nil {
		return call{}, encodeV2, errEvent
	}
	header, err := e.header()
	if err != nil {
		return call{}, encodeV1, err
	}
	target, err := e.url()
	if err != nil {
		return call{}, encodeV1, err
	}
	return call{
		id: e.RequestContext.RequestID, method: e.Method, source: e.RequestContext.Identity.SourceIP,
		url: target, header: header, body: e.Body, base64: e.IsBase64Encoded,
	}, encodeV1, nil
}

func (e *eventV1) header() (http.Header, error) {
	header := make(http.Header, max(len(e.Headers), len(e.MultiValueHeaders)))
	for name, values := range e.MultiValueHeaders {
		if len(values) == 0 {
			continue
		}
		if err := add(header, name, values...); err != nil {
			return nil, err
		}
	}
	if len(e.MultiValueHeaders) > 0 {
		return header, nil
	}
	for name, value := range e.Headers {
		if err := add(header, name, value); err != nil {
			return nil, err
		}
	}
	return header, nil
}

// url encodes the query again, because both kinds of API decode it.
func (e *eventV1) url() (*url.URL, error) {
	target := &url.URL{Path: e.Path}
	if e.Version == "" {
		var err error
		if target, err = url.ParseRequestURI(e.Path); err != nil || strings.Contains(e.Path, "?") {
			return nil, errRequest
		}
	}
	if e.Path[0] != '/' {
		return nil, errRequest
	}
	e.stripBasePath(target)
	query := make(url.Values, len(e.QueryStringParameters))
	for name, value := range e.QueryStringParameters {
		query.Set(name, value)
	}
	if len(e.MultiValueQueryStringParameters) > 0 {
		query = e.MultiValueQueryStringParameters
	}
	target.RawQuery = query.Encode()
	return target, nil
}

// stripBasePath removes a stage or a custom domain's base path, which the event does not name; what remains is the matched resource with
// its parameters filled in.
func (e *eventV1) stripBasePath(target *url.URL) {
	route := e.route()
	base, found := strings.CutSuffix(target.Path, route)
	switch {
	case route == "" || !found: // $default, or a spelling of the resource that does not match
		if e.Version != "" {
			target.Path = withoutStage(target.Path, e.RequestContext.Stage, "")
		}
	case !strings.HasSuffix(base, "/") && strings.HasPrefix(target.EscapedPath(), base):
		target.Path, target.RawPath = route, strings.TrimPrefix(target.RawPath, base)
	}
}

// route returns an empty string if the API has no path except $default.
func (e *eventV1) route() string {
	_, route, found := strings.Cut(e.Resource, "/") // in events of HTTP APIs the method may precede it
	if !found {
		return ""
	}
	var places []string
	for name, value := range e.PathParameters {
		places = append(places, "{"+name+"}", value, "{"+name+"+}", value)
	}
	return "/" + strings.NewReplacer(places...).Replace(route)
}

type responseV1 struct {
	StatusCode        int                 `json:"statusCode"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	responseBody
}

// encodeV1 keeps every value separate, including cookies.
func encodeV1(a answer) ([]byte, error) {
	r := responseV1{StatusCode: a.status, MultiValueHeaders: make(map[string][]string, len(a.header)), responseBody: bodyOf(a)}
	for name, values := range a.header {
		if len(values) > 0 {
			r.MultiValueHeaders[name] = values
		}
	}
	return marshal(r)
}
