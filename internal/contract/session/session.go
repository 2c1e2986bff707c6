// Package session is what a signed-in client of the planpoint contract does next: refresh, sign out, ask who it is,
// see and end its sessions. It speaks that contract's cookies and profile, and takes tokens of every contract.
package session

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/contract/planpoint"
	"latchkey/internal/web"
)

// Config is what a deployment decides about these endpoints.
type Config struct {
	Cookies planpoint.Cookies
	Origins web.Origins
	Notices *web.Notices // may be nil
	Log     *slog.Logger
}

// Routes returns the endpoints by their paths, /api/users/refresh to /api/users/sessions/{id}, over the sessions.
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

var errTwoTokens = errors.New("session: a refresh token in the cookie and in the body")

// refusals is the table of these endpoints; whatever is not in it is a 500.
func refusals() []web.Refusal {
	return []web.Refusal{
		{Err: errTwoTokens, Status: 400, Body: message{"Send the refresh token in the cookie or in the body, not in both"}},
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
	}{"Refresh successful", grant.AccessToken})
}

// refreshToken takes it from the cookie, or from the body of a client that is no browser.
func (h handler) refreshToken(w http.ResponseWriter, r *http.Request) (string, error) {
	cookie, err := h.config.Cookies.RefreshToken(r)
	if err != nil {
		return "", err
	}
	body, err := web.ReadBody(w, r)
	if err != nil || len(body) == 0 {
		return cookie, err
	}
	var given struct {
		RefreshToken string `json:"refreshToken"`
	}
	if err := web.DecodeJSON(r, body, &given); err != nil {
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

// logout clears the cookies of whoever asks, signed in or not; that every session was ended is said only to one
// who is.
func (h handler) logout(w http.ResponseWriter, r *http.Request) error {
	all := r.URL.Query().Get("all") == "true"
	err := h.signOut(r, all)
	if err != nil && (all || !errors.Is(err, auth.ErrNoSession)) {
		return err
	}
	h.config.Cookies.Clear(w, r)
	return web.WriteJSON(w, http.StatusOK, message{"Logout successful"})
}

// signOut ends the session of the access token, or of the refresh token where that one is not good any more.
func (h handler) signOut(r *http.Request, all bool) error {
	source := auth.ParseSource(r.RemoteAddr)
	refreshToken, err := h.config.Cookies.RefreshToken(r)
	if err != nil {
		return err
	}
	caller, err := h.caller(r)
	if errors.Is(err, auth.ErrNoSession) && refreshToken != "" {
		return h.sessions.SignOutByRefresh(r.Context(), refreshToken, all, source)
	}
	if err != nil {
		return err
	}
	return h.sessions.SignOut(r.Context(), caller, all, source)
}

func (h handler) me(w http.ResponseWriter, r *http.Request) error {
	caller, err := h.caller(r)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, planpoint.NewProfile(caller.User))
}

// listed is one session as its user sees it.
type listed struct {
	ID         string `json:"id"`
	CreatedAt  string `json:"createdAt"`
	LastUsedAt string `json:"lastUsedAt"`
	Source     string `json:"source"`
	Client     string `json:"client"`
	Current    bool   `json:"current"`
}

func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	caller, err := h.caller(r)
	if err != nil {
		return err
	}
	sessions, err := h.sessions.List(r.Context(), caller)
	if err != nil {
		return err
	}
	answer := struct {
		Sessions []listed `json:"sessions"`
	}{}
	for _, s := range sessions {
		answer.Sessions = append(answer.Sessions, listed{
			ID: s.ID, CreatedAt: s.CreatedAt.Format(time.RFC3339), LastUsedAt: s.LastUsedAt.Format(time.RFC3339),
			Source: s.Source, Client: s.Client, Current: s.ID == caller.Session.ID,
		})
	}
	return web.WriteJSON(w, http.StatusOK, answer)
}

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

// caller is who the access token speaks for: the bearer's, else the cookie's. A bearer that is not good never
// falls back to the cookie, which may be another user's.
func (h handler) caller(r *http.Request) (auth.Caller, error) {
	token, err := h.config.Cookies.AccessToken(r)
	if err != nil {
		return auth.Caller{}, err
	}
	sent := r.Header.Values("Authorization")
	if len(sent) > 1 {
		return auth.Caller{}, auth.ErrNoSession
	}
	if len(sent) == 1 {
		if bearer, is := auth.ParseBearer(sent[0]); is {
			token = bearer
		}
	}
	if token == "" {
		return auth.Caller{}, auth.ErrNoSession
	}
	return h.sessions.Authenticate(r.Context(), token)
}
