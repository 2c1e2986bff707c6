package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"latchkey/internal/token"
)

var errCrossOrigin = errors.New("verify: cross-origin request by cookie")

type claimsKey struct{}

// FromContext returns the claims of a request that a Handler accepted, or false.
func FromContext(ctx context.Context) (Claims, bool) {
	c, ok := ctx.Value(claimsKey{}).(Claims)
	return c, ok
}

// Handler passes requests with a valid token to next, with their claims in the context, and answers others 401, 403 or
// 503.
func (v *Verifier) Handler(next http.Handler, requirements ...Requirement) http.Handler {
	// 401 comes with WWW-Authenticate (RFC 6750 3), also for a valid token that misses a requirement (RFC 9470 3); 403
	// is for cross-origin requests by cookie, and 503 for failures to verify.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := v.authenticate(r)
		if err == nil {
			err = checkRequirements(c, requirements)
		}
		if err != nil {
			v.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, c)))
	})
}

func (v *Verifier) authenticate(r *http.Request) (Claims, error) {
	raw, err := token.FromHeader(r.Header, v.cookie)
	if err != nil {
		return Claims{}, err
	}
	if byCookie := len(r.Header.Values("Authorization")) == 0; byCookie && v.crossOrigin.Check(r) != nil {
		return Claims{}, errCrossOrigin
	}
	return v.Verify(r.Context(), raw)
}

// refuse does not say why a token is invalid: the only remedy is to sign in again.
func (v *Verifier) refuse(w http.ResponseWriter, r *http.Request, err error) {
	challenge := fmt.Sprintf("Bearer realm=%q", v.issuer)
	var insufficient insufficientError
	switch {
	case errors.As(err, &insufficient):
		w.Header().Set("WWW-Authenticate", challenge+`, error="insufficient_user_authentication", `+insufficient.missing)
		answer(w, http.StatusUnauthorized, "Sign in again to do this")
	case errors.Is(err, token.ErrNoToken):
		w.Header().Set("WWW-Authenticate", challenge)
		answer(w, http.StatusUnauthorized, "Not signed in")
	case errors.Is(err, ErrInvalidToken):
		v.log.InfoContext(r.Context(), "access token refused", "reason", err)
		w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
		answer(w, http.StatusUnauthorized, "Not signed in")
	case errors.Is(err, errCrossOrigin):
		v.log.InfoContext(r.Context(), "cross-origin request refused")
		answer(w, http.StatusForbidden, "Not allowed from this site")
	default:
		v.log.ErrorContext(r.Context(), "access token not verified", "error", err)
		w.Header().Set("Retry-After", "5")
		answer(w, http.StatusServiceUnavailable, "Try again later")
	}
}

func answer(w http.ResponseWriter, status int, message string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, message)
}
