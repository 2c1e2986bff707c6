package authorizer

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxEvent bounds the events that are parsed, in bytes: a gateway's event has 10 KiB of headers and some context.
const maxEvent = 256 << 10

var errEvent = errors.New("not an authorizer event")

// request is the part of an event that a decision needs.
type request struct {
	kind   kind
	stage  string // ARN pattern of all methods of the called stage
	header http.Header
}

// kind is the format that the gateway expects for the answer.
type kind int

const (
	unknown kind = iota // not an event that we know
	http2               // HTTP API, payload 2.0
	http1               // HTTP API, payload 1.0
	rest                // REST API, TOKEN or REQUEST
)

// event has the members of all authorizer events that we need.
type event struct {
	Version            string                `json:"version"` // only in events of HTTP APIs
	Type               string                `json:"type"`
	RouteARN           string                `json:"routeArn"`  // 2.0
	MethodARN          string                `json:"methodArn"` // all others
	AuthorizationToken jsontext.Value        `json:"authorizationToken"`
	Headers            credentials[string]   `json:"headers"`
	MultiValueHeaders  credentials[[]string] `json:"multiValueHeaders"`
	Cookies            []string              `json:"cookies"` // 2.0, instead of a header
}

// parseRequest reads an event of any kind. It returns false for an event that must be denied; the kind may still be known.
func parseRequest(text []byte) (request, bool) {
	var e event
	if len(text) > maxEvent || json.Unmarshal(text, &e) != nil {
		return request{}, false
	}
	r := request{kind: e.kind()}
	arn := e.MethodARN
	if r.kind == http2 {
		arn = e.RouteARN
	}
	var known bool
	if r.stage, known = stageOf(arn); !known || r.kind == unknown {
		return r, false
	}
	r.header, known = e.header()
	return r, known
}

func (e *event) kind() kind {
	switch {
	case e.Type == "REQUEST" && e.Version == "2.0":
		return http2
	case e.Type == "REQUEST" && e.Version == "1.0":
		return http1
	case (e.Type == "REQUEST" || e.Type == "TOKEN") && e.Version == "":
		return rest
	}
	return unknown
}

// header returns the two headers that may contain a credential, with all their values.
func (e *event) header() (http.Header, bool) {
	if e.Type == "TOKEN" {
		var text string
		if e.AuthorizationToken.Kind() != '"' || json.Unmarshal(e.AuthorizationToken, &text) != nil {
			return nil, false
		}
		return http.Header{"Authorization": {text}}, true
	}
	header := make(http.Header, 2)
	for name, values := range e.MultiValueHeaders {
		for _, list := range values { // a name in two spellings has two lists
			header[name] = append(header[name], list...)
		}
	}
	for name, values := range e.Headers {
		if len(header[name]) == 0 { // otherwise it repeats the last of the same values
			header[name] = values
		}
	}
	if len(e.Cookies) > 0 {
		header["Cookie"] = []string{strings.Join(e.Cookies, "; ")}
	}
	return header, true
}

// credentials are the headers that may contain a credential, under canonical names. An event has dozens of other headers,
// which are dropped.
type credentials[T any] map[string][]T

// UnmarshalJSONFrom reads an object of headers, or null. Several names may differ only in case.
func (c *credentials[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return json.UnmarshalDecode(d, (*map[string][]T)(c)) // null, or an error
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	*c = make(credentials[T], 2)
	name := make([]byte, 0, 32)
	for d.PeekKind() != '}' {
		quoted, err := d.ReadValue()
		if err != nil {
			return err
		}
		if name, err = jsontext.AppendUnquote(name[:0], quoted); err != nil {
			return err
		}
		key, wanted := credential(name)
		if !wanted {
			if err := d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		var value T
		if err := json.UnmarshalDecode(d, &value); err != nil {
			return err
		}
		(*c)[key] = append((*c)[key], value)
	}
	_, err := d.ReadToken()
	return err
}

// credential returns the canonical form of a header name, and false if it is not one of the two in any ASCII case.
func credential(name []byte) (key string, is bool) {
	for _, key := range [...]string{"Authorization", "Cookie"} {
		if len(name) == len(key) && bytes.EqualFold(name, []byte(key)) {
			return key, true
		}
	}
	return "", false
}
