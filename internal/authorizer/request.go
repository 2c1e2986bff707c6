package authorizer

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxEvent bounds what is parsed, in bytes: a gateway's event has 10 KiB of headers and some context.
const maxEvent = 256 << 10

var errEvent = errors.New("not an authorizer event")

// request is what a decision needs of an event.
type request struct {
	kind   kind
	stage  string // ARN pattern of all methods of the called stage
	header http.Header
}

// kind is how the gateway wants the answer.
type kind int

const (
	unknown kind = iota // no event that we know: nobody waits for an answer of any kind
	http2               // HTTP API, payload 2.0
	http1               // HTTP API, payload 1.0
	rest                // REST API, TOKEN or REQUEST
)

// event is what we need of any authorizer event.
type event struct {
	Version            string                `json:"version"` // of HTTP APIs' events alone
	Type               string                `json:"type"`
	RouteARN           string                `json:"routeArn"`  // 2.0
	MethodARN          string                `json:"methodArn"` // all others
	AuthorizationToken jsontext.Value        `json:"authorizationToken"`
	Headers            credentials[string]   `json:"headers"`
	MultiValueHeaders  credentials[[]string] `json:"multiValueHeaders"`
	Cookies            []string              `json:"cookies"` // 2.0, instead of a header
}

// parseRequest reads an event of any kind. What it reports as unknown is to be denied; its kind may be known even so.
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

// header returns the two headers that may hold a credential, each with all its values.
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
		if len(header[name]) == 0 { // else it has the last of the same values
			header[name] = values
		}
	}
	if len(e.Cookies) > 0 {
		header["Cookie"] = []string{strings.Join(e.Cookies, "; ")}
	}
	return header, true
}

// credentials are the headers that may hold a credential, under canonical names. No other is kept: an event has dozens.
type credentials[T any] map[string][]T

// UnmarshalJSONFrom reads an object of headers, of which several may differ in case alone, or null.
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

// credential returns the canonical form of a name that differs from it in ASCII case at most.
func credential(name []byte) (key string, is bool) {
	for _, key := range [...]string{"Authorization", "Cookie"} {
		if len(name) == len(key) && bytes.EqualFold(name, []byte(key)) {
			return key, true
		}
	}
	return "", false
}
