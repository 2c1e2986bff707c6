// Package web is HTTP with JSON answers: handlers that return errors, one table from errors to answers, strict decoding of
// bodies, and the cross-site rule. It knows nothing of the domain, so that contracts behave the same where their texts
// say nothing.
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The errors by which an Endpoint itself refuses a request; the contract has their status and body in Refusals.
var (
	// ErrMethod: a method that the endpoint does not have; the answer carries Allow (RFC 9110 15.5.6).
	ErrMethod = errors.New("web: method not allowed")
	// ErrCrossSite: a browser sent the request from another site whose origin is not allowed.
	ErrCrossSite = errors.New("web: cross-site request")
	// ErrBody: the body is not what DecodeJSON accepts; the wrapped text says why, for logs.
	ErrBody = errors.New("web: bad request body")
	// ErrMember: the body is a JSON object, and a member that is decoded has the wrong type; the error is ErrBody as well.
	ErrMember = errors.New("web: a member has the wrong type")
)

// failureRetry is what Retry-After says when the fault is ours: long enough to matter, short enough to wait for.
const failureRetry = 5 * time.Second

// Handler answers a request, or returns an error before it has written anything.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Refusal is one line of a contract's table: the error, and how the contract words it. A Body of type func(string) any is called
// with what the error says by a method Text. The error may add to the answer: by a method
// RetryAfter the header of that name, by Header one header, by Member one member of the body.
type Refusal struct {
	Err    error
	Status int
	Body   any
}

// Endpoint is one path of a contract. It sets the headers that every answer carries, applies the method and
// cross-site rules, and turns the handler's error, or panic, into the contract's answer.
type Endpoint struct {
	Handle   Handler
	Method   string    // the only one allowed, except HEAD where it is GET, and OPTIONS preflights
	Refusals []Refusal // the first whose Err matches by errors.Is is the answer
	Failure  any       // the constant body of the 500 for whatever is not in Refusals
	Origins  Origins
	Notices  *Notices // of origins that are not allowed; may be nil
	Log      *slog.Logger
	// Public marks documents that are the same for everyone: pages of any site may read them, without credentials.
	// The handler decides how long they may be cached.
	Public bool
}

// ServeHTTP answers in the contract's own format, also when the handler fails or panics.
func (e Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	SetSecurityHeaders(w.Header())
	if e.Public {
		w.Header().Set("Access-Control-Allow-Origin", "*")
	} else {
		e.Notices.origin(e.Origins, r)
	}
	e.Origins.setHeaders(w.Header(), r)
	if isPreflight(r) {
		e.answerPreflight(w, r)
		return
	}
	standing := w.Header().Clone()
	tracked := &tracker{ResponseWriter: w}
	err := e.handle(tracked, r)
	if err == nil {
		return
	}
	if tracked.wrote {
		e.Log.ErrorContext(r.Context(), "the answer was begun and could not be finished", "path", pathPattern(r), "error", err)
		return
	}
	clear(w.Header()) // a refusal carries nothing, no cookie above all, that the handler set before it failed
	maps.Copy(w.Header(), standing)
	e.refuse(w, r, err)
}

func (e Endpoint) handle(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %s\n%s", describe(p), debug.Stack())
		}
	}()
	switch {
	case !slices.Contains(e.methods(), r.Method):
		return ErrMethod
	case !e.Public && !e.Origins.allow(r):
		return ErrCrossSite
	}
	return e.Handle(w, r)
}

func (e Endpoint) methods() []string {
	if e.Method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{e.Method}
}

// describe names the value of a panic. It quotes only errors of the Go runtime: other values may hold parts of the request.
func describe(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

func (e Endpoint) refuse(w http.ResponseWriter, r *http.Request, err error) {
	i := slices.IndexFunc(e.Refusals, func(f Refusal) bool { return errors.Is(err, f.Err) })
	if i < 0 {
		e.Log.ErrorContext(r.Context(), "request failed", "path", pathPattern(r), "error", err)
		w.Header().Set("Retry-After", seconds(failureRetry))
		WriteJSON(w, http.StatusInternalServerError, e.Failure)
		return
	}
	if errors.Is(err, ErrMethod) {
		w.Header().Set("Allow", strings.Join(e.methods(), ", "))
	}
	var wait interface{ RetryAfter() time.Duration }
	if errors.As(err, &wait) {
		w.Header().Set("Retry-After", seconds(wait.RetryAfter()))
	}
	var header interface{ Header() (name, value string) }
	if errors.As(err, &header) {
		name, value := header.Header()
		w.Header().Set(name, value)
		expose(w.Header(), name)
	}
	var member interface {
		Member() (name string, value any)
	}
	line := e.Refusals[i].worded(err)
	if errors.As(err, &member) {
		name, value := member.Member()
		writeWithMember(w, line, name, value)
		return
	}
	WriteJSON(w, line.Status, line.Body)
}

// worded returns the line with the error's own text in the body, if the contract leaves the words to it.
func (f Refusal) worded(err error) Refusal {
	body, open := f.Body.(func(string) any)
	if !open {
		return f
	}
	var text interface{ Text() string }
	if errors.As(err, &text) {
		f.Body = body(text.Text())
	} else {
		f.Body = body("")
	}
	return f
}

// seconds rounds up, so that a client that waits this long is never early.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// SetSecurityHeaders sets the headers that every answer carries (ASVS 3.4.1 to 3.4.6, 14.3.2); handlers may change Cache-Control.
func SetSecurityHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Strict-Transport-Security", "max-age=63072000")
	h.Set("X-Content-Type-Options", "nosniff")
}

// tracker records whether an answer has begun; no other can follow it.
type tracker struct {
	http.ResponseWriter
	wrote bool
}

func (t *tracker) WriteHeader(status int) {
	t.wrote = true
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracker) Write(b []byte) (int, error) {
	t.wrote = true
	return t.ResponseWriter.Write(b)
}
