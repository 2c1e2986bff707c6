package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/http/httpguts"
)

// Answers to refused callers are constants, because the event may contain anything.
var (
	errEvent    = errors.New("not an HTTP event of payload version 1.0 or 2.0")
	errBalancer = errors.New("events of load balancers are not supported")
	errRequest  = errors.New("malformed HTTP request")
)

// call is the request of an event of either version.
type call struct {
	id, method, source string
	url                *url.URL // only path and query
	header             http.Header
	body               string
	base64             bool
}

// encoder encodes an answer in the version of the event.
type encoder func(answer) ([]byte, error)

// read distinguishes the versions of events. Input that is not an HTTP event is answered in version 2.0.
func read(event []byte) (call, encoder, error) {
	var kind struct {
		Version           string         `json:"version"` // absent in events of REST APIs
		Type              string         `json:"type"`    // only authorizer events have one, which are otherwise the same
		MultiValueHeaders jsontext.Value `json:"multiValueHeaders"`
		RequestContext    struct {
			ELB jsontext.Value `json:"elb"`
		} `json:"requestContext"`
	}
	if len(event) > maxPayload || json.Unmarshal(event, &kind) != nil || kind.Type != "" {
		return call{}, encodeV2, errEvent
	}
	switch {
	case kind.RequestContext.ELB != nil && kind.MultiValueHeaders != nil:
		return call{}, encodeV1, errBalancer
	case kind.RequestContext.ELB != nil:
		return call{}, encodeV2, errBalancer
	case kind.Version == "2.0":
		return readV2(event)
	case kind.Version == "1.0", kind.Version == "":
		return readV1(event)
	}
	return call{}, encodeV2, errEvent
}

// request returns the request that an http.Server would have parsed from the same bytes on the wire.
func (c call) request(ctx context.Context) (*http.Request, error) {
	body, err := c.bytes()
	if err != nil {
		return nil, errRequest
	}
	ctx = context.WithValue(ctx, requestIDKey{}, c.id)
	req, err := http.NewRequestWithContext(ctx, c.method, "/", bytes.NewReader(body))
	if err != nil { // the method is not a token
		return nil, errRequest
	}
	req.URL = c.url
	req.RequestURI = req.URL.RequestURI()
	req.GetBody = nil // servers do not set it
	req.Host = c.header.Get("Host")
	c.header.Del("Host")
	req.Header = c.header
	if c.source != "" {
		req.RemoteAddr = net.JoinHostPort(c.source, "0")
	}
	return req, nil
}

func (c call) bytes() ([]byte, error) {
	if !c.base64 {
		return []byte(c.body), nil
	}
	if strings.ContainsAny(c.body, "\r\n") { // even a strict decoder skips them
		return nil, errors.New("line break in base64")
	}
	return base64.StdEncoding.Strict().DecodeString(c.body)
}

// add refuses headers that an http.Server refuses, and a name in two spellings, whose values have lost their order.
func add(header http.Header, name string, values ...string) error {
	key := http.CanonicalHeaderKey(name)
	if header[key] != nil || !httpguts.ValidHeaderFieldName(name) || key == "Host" && len(values) > 1 {
		return errRequest
	}
	for _, value := range values {
		if !httpguts.ValidHeaderFieldValue(value) {
			return errRequest
		}
	}
	header[key] = values
	return nil
}
