package session_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

const (
	login             = "/api/users/login"
	organizationLogin = "/users/login"
	refresh           = "/api/users/refresh"
	logout            = "/api/users/logout"
	me                = "/api/users/me"
	sessions          = "/api/users/sessions"
)

// server is the login and the session function over one store; margaret may impersonate.
type server struct {
	*authtest.Kit
	login, session http.Handler
}

// newServer takes settings by pairs of a name, without its prefix, and a value.
func newServer(t *testing.T, settings ...string) server {
	t.Helper()
	margaret := authtest.NewUser("margaret")
	margaret.Role = "support"
	k := authtest.NewKit(t, authtest.Ada(), authtest.Grace(), margaret)
	environment := map[string]string{
		"STORE": "sqlite:unused", "KEYS": "file:unused", "ISSUER": "https://login.example.com/base",
		"IMPERSONATOR_ROLES": "support", "ALLOWED_ORIGINS": "https://app.example.org", "THROTTLE": "off",
	}
	for i := 0; i < len(settings); i += 2 {
		environment[settings[i]] = settings[i+1]
	}
	config, err := app.ConfigFrom(func(name string) string { return environment[strings.TrimPrefix(name, app.Prefix)] })
	if err != nil {
		t.Fatal(err)
	}
	ports := app.Ports{
		Store: k.StorePort(), Passwords: k.Hasher, Keys: k.Keys(), Tokens: k.Tokens(),
		Log: k.Log.Logger(), Now: k.Clock.Now,
	}
	return server{k, app.LoginHandler(config, ports), app.SessionHandler(config, ports)}
}

func (s server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/login") {
		s.login.ServeHTTP(w, r)
	} else {
		s.session.ServeHTTP(w, r)
	}
}

// answer is what a client sees.
type answer struct {
	status  int
	header  http.Header
	body    string
	cookies []*http.Cookie
}

// call sends the request and checks what holds for every answer.
func (s server) call(t *testing.T, r *http.Request) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	result := rec.Result()
	body, _ := io.ReadAll(result.Body)
	a := answer{result.StatusCode, result.Header, string(body), result.Cookies()}
	want := map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "application/json"}
	if a.status == http.StatusNoContent {
		delete(want, "Content-Type")
	}
	for name, value := range want {
		if d := cmp.Diff([]string{value}, a.header.Values(name)); d != "" {
			t.Errorf("%s %s: %s differs (-want +got):\n%s", r.Method, r.URL, name, d)
		}
	}
	if a.status >= 400 && (len(a.cookies) > 0 || len(a.members(t)) != 1 || a.member(t, "message") == "") {
		t.Errorf("a refusal is one message and no cookie: %v %s", a.header["Set-Cookie"], a.body)
	}
	for _, cookie := range a.cookies {
		s.Log.Keep(cookie.Value)
	}
	return a
}

func (a answer) members(t *testing.T) map[string]any {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(a.body), &members); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return members
}

func (a answer) member(t *testing.T, name string) string {
	t.Helper()
	text, _ := a.members(t)[name].(string)
	return text
}

// cookie returns the one of the name, or an empty one.
func (a answer) cookie(name string) *http.Cookie {
	for _, c := range a.cookies {
		if c.Name == name {
			return c
		}
	}
	return &http.Cookie{}
}

// browser keeps what it was given as a browser does, for as long as nobody asks how long that is.
type browser struct {
	s      server
	cookie map[string]string
}

// signIn returns a browser in which the user signed in by the planpoint contract.
func (s server) signIn(t *testing.T, name string) browser {
	t.Helper()
	b := browser{s, map[string]string{}}
	b.want(t, http.StatusOK, post(login, credentials(name)))
	return b
}

// send sends the request with the cookies and keeps those of the answer.
func (b browser) send(t *testing.T, r *http.Request) answer {
	t.Helper()
	for name, value := range b.cookie {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	a := b.s.call(t, r)
	for _, c := range a.cookies {
		if b.cookie[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookie, c.Name)
		}
	}
	return a
}

func (b browser) want(t *testing.T, status int, r *http.Request) answer {
	t.Helper()
	a := b.send(t, r)
	if a.status != status {
		t.Fatalf("%s %s: %d %s, want %d", r.Method, r.URL, a.status, a.body, status)
	}
	return a
}

// id returns the id of the browser's session.
func (b browser) id(t *testing.T) string {
	t.Helper()
	return b.s.Claims(t, b.cookie["planpoint"]).SessionID
}

// signedIn asks the server, without touching what the browser keeps.
func (b browser) signedIn(t *testing.T) bool {
	t.Helper()
	return b.s.call(t, with(get(me), "Cookie", "planpoint="+b.cookie["planpoint"])).status == http.StatusOK
}

func credentials(name string) string {
	return `{"username":"` + name + `@example.com","password":"` + authtest.Password + `"}`
}

// organizationToken signs grace in by the other contract.
func (s server) organizationToken(t *testing.T) string {
	t.Helper()
	a := s.call(t, post(organizationLogin, `{"email":"grace@example.com","password":"`+authtest.Password+`"}`))
	token := a.member(t, "accessToken")
	if a.status != http.StatusOK || token == "" {
		t.Fatalf("sign in: %d %s", a.status, a.body)
	}
	s.Log.Keep(token)
	return token
}

func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "https://login.example.com"+path, strings.NewReader(body))
	r.RemoteAddr = "198.51.100.9:4711"
	return r
}

func get(path string) *http.Request  { return request(http.MethodGet, path, "") }
func remove(id string) *http.Request { return request(http.MethodDelete, sessions+"/"+id, "") }
func bearer(token string, r *http.Request) *http.Request {
	return with(r, "Authorization", "Bearer "+token)
}

// post has a JSON body, or none and then no content type either.
func post(path, body string) *http.Request {
	r := request(http.MethodPost, path, body)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func with(r *http.Request, name, value string) *http.Request {
	r.Header.Add(name, value)
	return r
}

// fail makes the port's method fail until the returned function is called.
func (s server) fail(call string) (heal func()) {
	s.Before(func(called string) error {
		if called == call {
			return auth.ErrUnavailable
		}
		return nil
	})
	return func() { s.Before(nil) }
}
