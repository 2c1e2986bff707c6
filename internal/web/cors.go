package web

import (
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// setHeaders lets pages of allowed origins read the answer. Credentials go with an exact origin only.
func (o Origins) setHeaders(h http.Header, r *http.Request) {
	if len(o) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); slices.Contains(o, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		if !isPreflight(r) {
			h.Set(exposeHeaders, "Retry-After")
		}
	}
}

const exposeHeaders = "Access-Control-Expose-Headers"

// expose lets pages that may read the answer also read one more of its headers.
func expose(h http.Header, name string) {
	if readable := h.Get(exposeHeaders); readable != "" {
		h.Set(exposeHeaders, readable+", "+name)
	}
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// answerPreflight tells allowed origins, or every origin if the document is public, what they may send; the others get a bare 204.
func (e Endpoint) answerPreflight(w http.ResponseWriter, r *http.Request) {
	if e.Public || slices.Contains(e.Origins, r.Header.Get("Origin")) {
		h := w.Header()
		h.Set("Access-Control-Allow-Methods", e.Method)
		h.Set("Access-Control-Allow-Headers", strings.Join(allowedHeaders(r), ", "))
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// maxHeaders bounds how many names of a preflight are repeated in its answer.
const maxHeaders = 64

// allowedHeaders returns the headers that we read, and those that the preflight asks for, such as a tracer's: none of
// them changes what a request may do. Names that are not tokens (RFC 9110 5.1) are left out.
func allowedHeaders(r *http.Request) []string {
	allowed := []string{"Authorization", "Content-Type"}
	asked := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ",")
	for name := range strings.SplitSeq(asked, ",") {
		name = strings.TrimSpace(name)
		known := slices.ContainsFunc(allowed, func(other string) bool { return strings.EqualFold(name, other) })
		if !known && name != "*" && httpguts.ValidHeaderFieldName(name) && len(allowed) < maxHeaders {
			allowed = append(allowed, name)
		}
	}
	return allowed
}
