package lambdahttp

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
)

var errTooLarge = errors.New("the answer is larger than Lambda carries")

// recorder records what a handler writes, by the rules of net/http's ResponseWriter and up to a limit.
type recorder struct {
	header http.Header // the handler may change it
	frozen http.Header // the headers at WriteHeader; nil before
	status int
	body   bytes.Buffer
	failed error // a write refused for its size
}

// answer is the answer to the gateway, for either version.
type answer struct {
	status int
	header http.Header // canonical names; a name without values is left out
	body   []byte
}

func newRecorder() *recorder { return &recorder{header: make(http.Header)} }

// Header returns the map that the handler may change until it is frozen.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader freezes status and headers at the first call; informational statuses cannot be forwarded and are ignored.
func (r *recorder) WriteHeader(status int) {
	if r.frozen != nil || (status >= 100 && status <= 199) {
		return
	}
	r.status, r.frozen = status, r.header.Clone()
}

// Write records the bytes, or returns an error if the status allows no body or the body would exceed the limit.
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	switch {
	case len(p) == 0:
		return 0, nil
	case r.status == http.StatusNoContent, r.status == http.StatusNotModified:
		return 0, http.ErrBodyNotAllowed
	case len(p) > maxPayload-r.body.Len():
		r.failed = errTooLarge
		return 0, r.failed
	}
	return r.body.Write(p)
}

// answer ends the recording. No later stage checks names and values, so invalid header fields are removed here.
func (r *recorder) answer(method string) (answer, error) {
	r.WriteHeader(http.StatusOK)
	if r.failed != nil {
		return answer{}, r.failed
	}
	if r.status < 200 || r.status > 599 {
		return answer{}, errors.New("the status is not in 200 to 599")
	}
	a := answer{status: r.status, header: validHeaders(r.frozen), body: r.body.Bytes()}
	if _, typed := a.header["Content-Type"]; !typed && len(a.body) > 0 && a.header.Get("Content-Encoding") == "" {
		a.header.Set("Content-Type", http.DetectContentType(a.body))
	}
	if method == http.MethodHead {
		a.body = nil
	}
	if r.status == http.StatusNotModified {
		a.header.Del("Content-Type") // as net/http does
	}
	return a, nil
}

// validHeaders returns the headers under canonical names, without those of the connection and without values that are invalid in a
// field or in JSON. A name stays even if all of its values are removed.
func validHeaders(header http.Header) http.Header {
	clean := make(http.Header, len(header))
	for _, name := range slices.Sorted(maps.Keys(header)) {
		key := http.CanonicalHeaderKey(name)
		if !httpguts.ValidHeaderFieldName(key) || ofConnection(key) {
			continue
		}
		clean[key] = append(clean[key], slices.DeleteFunc(header[name], malformed)...)
	}
	return clean
}

// malformed reports whether a value is invalid in a field or in JSON. A gateway reads characters, not bytes, so controls beyond ASCII
// are invalid too.
func malformed(value string) bool {
	return !utf8.ValidString(value) || strings.ContainsFunc(value, func(c rune) bool { return unicode.IsControl(c) && c != '\t' })
}

// ofConnection reports whether a header concerns one connection (RFC 9110 7.6.1) or framing, which the gateway handles.
func ofConnection(key string) bool {
	switch key {
	case "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding",
		"Upgrade", "Content-Length":
		return true
	}
	return false
}
