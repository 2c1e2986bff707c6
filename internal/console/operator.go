package console

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// TokenHeader carries the operators' token. No form and no link can send a header.
const TokenHeader = "Latchkey-Console-Token"

// callLimit is how long an operator's call may take.
const callLimit = 10 * time.Second

var (
	errNotOwnPage = errors.New("console: not from a page of this origin")
	errNoToken    = errors.New("console: the operators' token is missing or wrong")
	errNotKept    = errors.New("console: no such exchange")
)

// isOwnPage reports whether a browser sent the request from a page of this origin. Browsers write both headers themselves.
func isOwnPage(r *http.Request) bool {
	site := r.Header.Values("Sec-Fetch-Site")
	return isLocalhost(r.Host) && len(r.Header.Values("Origin")) == 1 && r.Header.Get("Origin") == "http://"+r.Host &&
		(len(site) == 0 || len(site) == 1 && site[0] == "same-origin")
}

// checkOperator returns an error unless the request has the token and comes from a page of this origin.
func (s *console) checkOperator(r *http.Request) error {
	if !isOwnPage(r) {
		return errNotOwnPage
	}
	given, token := sha256.Sum256([]byte(r.Header.Get(TokenHeader))), sha256.Sum256([]byte(s.Token))
	if s.Token == "" || len(r.Header.Values(TokenHeader)) != 1 || subtle.ConstantTimeCompare(given[:], token[:]) != 1 {
		return errNoToken
	}
	return nil
}

// forOperators runs the handler only for operators.
func (s *console) forOperators(handle web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.checkOperator(r); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(r.Context(), callLimit)
		defer cancel()
		return handle(w, r.WithContext(ctx))
	}
}

// text is the body of a refusal.
type text struct {
	Message string `json:"message"`
}

func refusals() []web.Refusal {
	return []web.Refusal{
		{Err: web.ErrMethod, Status: http.StatusMethodNotAllowed, Body: text{"Method not allowed"}},
		{Err: web.ErrCrossSite, Status: http.StatusForbidden, Body: text{"Not allowed from this site"}},
		{Err: errNotOwnPage, Status: http.StatusForbidden, Body: text{"Only the console's own page may call this"}},
		{Err: errNoToken, Status: http.StatusForbidden, Body: text{"Open the console by the link for operators that serve printed"}},
		{Err: errNotKept, Status: http.StatusNotFound, Body: text{"This answer is not kept"}},
		{Err: web.ErrBody, Status: http.StatusBadRequest, Body: text{"The body is not the expected JSON object"}},
		{Err: errRefused, Status: http.StatusConflict, Body: text{"Not done"}},
	}
}

func (s *console) endpoint(method string, handle web.Handler) http.Handler {
	return web.Endpoint{Method: method, Log: s.Log, Failure: text{"Internal error"}, Handle: handle, Refusals: refusals()}
}

// errRefused is what refused matches.
var errRefused = errors.New("console: refused")

// refused is an error of an operator's action, whose text is written for operators.
type refused struct{ error }

// Is makes every refused error the one line of the table.
func (refused) Is(target error) bool { return target == errRefused }

// Member adds the reason to the answer.
func (e refused) Member() (name string, value any) { return "reason", e.Error() }

// explain tells the operator why an action was not done. Faults of our own are left as they are.
func explain(err error) error {
	if err == nil || errors.Is(err, auth.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return refused{err}
}
