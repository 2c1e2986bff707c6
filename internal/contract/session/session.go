// Package session has the endpoints for signed-in clients: refresh, logout, the user's profile, and the user's sessions. It
// uses the planpoint contract's cookies and profile, and accepts tokens of every contract.
package session

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/contract/planpoint"
	"latchkey/internal/web"
)

// Config has the deployment's settings for these endpoints.
type Config struct {
	Cookies planpoint.Cookies
	Origins web.Origins
	Notices *web.Notices // may be nil
	Log     *slog.Logger
}

// Routes returns the endpoints over the sessions, by their paths: /api/users/refresh to /api/users/sessions/{id}.
func Routes(config Config, sessions *auth.Sessions) web.Routes {
	h := handler{config: config, sessions: sessions}
	endpoint := func(method string, handle web.Handler) http.Handler {
		return web.Endpoint{
			Handle: handle, Method: method, Origins: config.Origins, Notices: config.Notices, Log: config.Log,
			Refusals: refusals(), Failure: message{"Internal server error"},
		}
	}
	return web.Routes{
		"/api/users/refresh":       endpoint(http.MethodPost, h.refresh),
		"/api/users/logout":        endpoint(http.MethodPost, h.logout),
		"/api/users/me":            endpoint(http.MethodGet, h.me),
		"/api/users/sessions":      endpoint(http.MethodGet, h.list),
		"/api/users/sessions/{id}": endpoint(http.MethodDelete, h.end),
	}
}

type message struct {
	Message string `json:"message"`
}

var (
	errTwoTokens = errors.New("session: a refresh token in the cookie and in the body")
	errCursor    = errors.New("session: not a cursor")
)

// refusals is the table of these endpoints; any other error is a 500.
func refusals() []web.Refusal {
	return []web.Refusal{
		{Err: errTwoTokens, Status: 400, Body: message{"Send the refresh token in the cookie or in the body, not in both"}},
		{Err: errCursor, Status: 400, Body: message{"cursor must be the value of next in an earlier answer"}},
		{Err: planpoint.ErrCookie, Status: 400, Body: message{"A session cookie was sent twice"}},
		{Err: web.ErrBody, Status: 400, Body: message{"The body must be empty or one JSON object of type application/json"}},
		{Err: auth.ErrNoSession, Status: 401, Body: message{"Not signed in"}},
		{Err: auth.ErrImpersonation, Status: 403, Body: message{"Not allowed while impersonating"}},
		{Err: web.ErrCrossSite, Status: 403, Body: message{"Not allowed from this site"}},
		{Err: auth.ErrNotFound, Status: 404, Body: message{"Not Found"}},
		{Err: web.ErrMethod, Status: 405, Body: message{"Method not allowed"}},
	}
}

type handler struct {
	config   Config
	sessions *auth.Sessions
}

func (h handler) refresh(w http.ResponseWriter, r *http.Request) error {
	token, err := h.refreshToken(w, r)
	if err != nil {
		return err
	}
	grant, err := h.sessions.Refresh(r.Context(), token, auth.ParseSource(r.RemoteAddr), planpoint.AccessLife)
	if err != nil {
		return err
	}
	h.config.Cookies.Set(w, r, grant)
	return web.WriteJSON(w, http.StatusOK, struct {
		Message     string `json:"message"`
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}{"Refresh successful", grant.AccessToken, seconds(grant.AccessLife)})
}

// seconds rounds down, so that a client which waits for this long is not too late (RFC 6749 5.1).
func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// refreshToken returns the token in the cookie, or in the body of a client without cookies.
func (h handler) refreshToken(w http.ResponseWriter, r *http.Request) (string, error) {
	cookie, err := h.config.Cookies.RefreshToken(r)
	if err != nil {
		return "", err
	}
	var given struct {
		RefreshToken string `json:"refreshToken"`
	}
	if err := web.ReadOptionalJSON(w, r, &given); err != nil {
		return "", err
	}
	switch {
	case given.RefreshToken == "":
		return cookie, nil
	case cookie != "":
		return "", errTwoTokens
	}
	return given.RefreshToken, nil
}

// logout ends the session of every valid token and clears the cookies, also of a client that is not signed in. Only a client
// that is signed in learns that all its sessions have ended.
func (h handler) logout(w http.ResponseWriter, r *http.Request) error {
	all := r.URL.Query().Get("all") == "true"
	err := h.sessions.SignOut(r.Context(), h.credentials(r, all), all, auth.ParseSource(r.RemoteAddr))
	if err != nil && (all || !errors.Is(err, auth.ErrNoSession)) {
		return err
	}
	h.config.Cookies.Clear(w, r)
	return web.WriteJSON(w, http.StatusOK, message{"Logout successful"})
}

// maxCookies bounds how many cookies of one name a logout reads; a browser holds one for each Domain that was configured.
const maxCookies = 8

// credentials returns all tokens of the request: the bearer's and those of both cookies, which may belong to several users.
// When all sessions of a user end, only the bearer token counts if there is one, as everywhere else.
func (h handler) credentials(r *http.Request, all bool) auth.Credentials {
	access, refresh := h.config.Cookies.AccessTokens(r), h.config.Cookies.RefreshTokens(r)
	c := auth.Credentials{Access: access[:min(len(access), maxCookies)], Refresh: refresh[:min(len(refresh), maxCookies)]}
	bearer, sent := bearerToken(r)
	switch {
	case sent && all:
		return auth.Credentials{Access: []string{bearer}}
	case sent:
		c.Access = append([]string{bearer}, c.Access...)
	}
	return c
}

func (h handler) me(w http.ResponseWriter, r *http.Request) error {
	caller, err := h.caller(r)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		planpoint.Profile `json:",inline"`
		ExpiresIn         int64 `json:"expires_in"`
	}{planpoint.NewProfile(caller.User), h.expiresIn(caller)})
}

// expiresIn returns how many seconds the caller's access token is still valid.
func (h handler) expiresIn(c auth.Caller) int64 { return seconds(c.ExpiresAt.Sub(h.sessions.Now())) }

// listed is one session as its user sees it.
type listed struct {
	ID         string `json:"id"`
	CreatedAt  string `json:"createdAt"`
	LastUsedAt string `json:"lastUsedAt"`
	Source     string `json:"source"`
	Client     string `json:"client"`
	Current    bool   `json:"current"`
	// The other user of an impersonation: the impersonator, or the target.
	ImpersonatedBy string `json:"impersonatedBy,omitzero"`
	Impersonates   string `json:"impersonates,omitzero"`
}

// listedDevice is one remembered device as its user sees it.
type listedDevice struct {
	ID         string `json:"id"`
	CreatedAt  string `json:"createdAt"`
	LastUsedAt string `json:"lastUsedAt"`
	Source     string `json:"source"` // of the sign-in that remembered it
}

func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	caller, err := h.caller(r)
	if err != nil {
		return err
	}
	cursor, err := cursorOf(r)
	if err != nil {
		return err
	}
	sessions, next, err := h.sessions.List(r.Context(), caller.User, cursor)
	if err != nil {
		return err
	}
	answer := struct {
		Sessions  []listed       `json:"sessions"`
		Devices   []listedDevice `json:"devices,omitempty"` // on the first page
		Next      string         `json:"next,omitzero"`
		ExpiresIn int64          `json:"expires_in"`
	}{Next: next, ExpiresIn: h.expiresIn(caller)}
	for _, s := range sessions {
		answer.Sessions = append(answer.Sessions, listed{
			ID: s.ID, CreatedAt: s.CreatedAt.Format(time.RFC3339), LastUsedAt: s.LastUsedAt.Format(time.RFC3339),
			Source: s.Source, Client: s.Client, Current: s.ID == caller.Session.ID && s.TargetID == "",
			ImpersonatedBy: s.ActorID, Impersonates: s.TargetID,
		})
	}
	if cursor == "" {
		if answer.Devices, err = h.devices(r.Context(), caller.User); err != nil {
			return err
		}
	}
	return web.WriteJSON(w, http.StatusOK, answer)
}

func (h handler) devices(ctx context.Context, u auth.User) (all []listedDevice, err error) {
	devices, err := h.sessions.Devices(ctx, u)
	for _, d := range devices {
		all = append(all, listedDevice{
			ID: d.ID, CreatedAt: d.CreatedAt.Format(time.RFC3339), LastUsedAt: d.LastUsedAt.Format(time.RFC3339), Source: d.Source,
		})
	}
	return all, err
}

// cursorOf returns the query parameter cursor, empty without one. A cursor is a session's id.
func cursorOf(r *http.Request) (string, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	cursor := query.Get("cursor")
	unfit := strings.ContainsFunc(cursor, func(c rune) bool { return c <= ' ' || c > '~' })
	if err != nil || len(query["cursor"]) > 1 || len(cursor) > maxCursor || unfit {
		return "", errCursor
	}
	return cursor, nil
}

// maxCursor bounds a cursor, in bytes; the ids of sessions have 22 or 36.
const maxCursor = 128

func (h handler) end(w http.ResponseWriter, r *http.Request) error {
	caller, err := h.caller(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if err := h.sessions.End(r.Context(), caller, id, auth.ParseSource(r.RemoteAddr)); err != nil {
		return err
	}
	if id == caller.Session.ID {
		h.config.Cookies.Clear(w, r)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// caller returns the sender of the request, by the bearer token, else by the cookie. An invalid bearer token never falls back
// to the cookie, which may belong to another user.
func (h handler) caller(r *http.Request) (auth.Caller, error) {
	return h.config.Cookies.Caller(r, h.sessions)
}

// bearerToken returns the token of the one Authorization header, and false if it is of another scheme or sent twice.
func bearerToken(r *http.Request) (token string, sent bool) {
	if headers := r.Header.Values("Authorization"); len(headers) == 1 {
		return auth.ParseBearer(headers[0])
	}
	return "", false
}
