package web

import (
	"net/http"
	"path"
	"strings"
)

// Routes serves exact paths, and a JSON 404 for all others. Unlike http.ServeMux it never redirects to a cleaned path
// and does not decode percent-encoded letters, so that only one spelling of a path reaches an endpoint. A path that
// ends in {id} matches any one segment there, which the handler finds by PathValue.
type Routes map[string]http.Handler

// UnknownPath is the pattern of every path that has no route.
const UnknownPath = "(unknown)"

// ServeHTTP answers by the handler of exactly this path.
func (routes Routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pattern, id := routes.match(r)
	if id != "" {
		r.SetPathValue("id", id)
	}
	if h, found := routes[pattern]; found {
		h.ServeHTTP(w, r)
		return
	}
	SetSecurityHeaders(w.Header())
	WriteJSON(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
}

// Pattern returns the route of the request's path, such as /api/users/sessions/{id}, or UnknownPath. It is safe to log:
// a client may write anything in a path, a token too.
func (routes Routes) Pattern(r *http.Request) string {
	pattern, _ := routes.match(r)
	return pattern
}

// match returns the pattern of the path, and what it has in the place of {id}.
func (routes Routes) match(r *http.Request) (pattern, id string) {
	escaped := r.URL.EscapedPath()
	if _, found := routes[escaped]; found {
		return escaped, ""
	}
	folder, id := path.Split(escaped)
	if _, found := routes[folder+"{id}"]; found && id != "" {
		return folder + "{id}", id
	}
	return UnknownPath, ""
}

// pathPattern returns the path of a request that reached an endpoint, with {id} in place of what the client sent there.
func pathPattern(r *http.Request) string {
	escaped := r.URL.EscapedPath()
	if id := r.PathValue("id"); id != "" {
		return strings.TrimSuffix(escaped, id) + "{id}"
	}
	return escaped
}
