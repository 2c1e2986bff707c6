package app_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract/planpoint"
	"latchkey/internal/contract/session"
)

// leaks drives the handlers and passes every secret of requests and answers to the kit, which searches the log for all of
// them when the test ends.
type leaks struct {
	*testing.T
	kit     *authtest.Kit
	handler http.Handler
}

func newLeaks(t *testing.T) *leaks {
	t.Helper()
	margaret, dorothy := authtest.NewUser("margaret"), authtest.NewUser("dorothy")
	margaret.Role, dorothy.Status = "support", auth.StatusDisabled
	k := authtest.NewKit(t, authtest.Ada(), authtest.Grace(), authtest.Alan(), authtest.Joan(), margaret, dorothy)
	rules := auth.Rules{
		QualifyingRoles: []string{"Organization Owner"}, ImpersonatorRoles: []string{"support"},
		Limits: auth.Limits{Free: 5, MaxBackoff: time.Minute, Source: auth.Rate{Failures: 1e6, Span: time.Hour}, User: auth.Rate{Failures: 9, Span: time.Hour}},
	}
	routes := contractRoutes(t, k, rules, settings{"ALLOW_QUERY_CREDENTIALS": "true"})
	maps.Copy(routes, session.Routes(session.Config{Log: k.Log.Logger()}, k.Sessions(rules)))
	return &leaks{T: t, kit: k, handler: routes}
}

// given lists what a successful answer may hold: tokens, in their members and cookies, and the user's own address.
type given struct{ access, refresh string }

// send sends one request, reports every secret that the answer must not hold, and returns those that it may.
func (l *leaks) send(method, path, body string, header ...string) (given, int) {
	l.Helper()
	r := httptest.NewRequestWithContext(l.Context(), method, "https://login.example.com"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	r.RemoteAddr = "192.0.2.7:4711"
	rec := httptest.NewRecorder()
	l.handler.ServeHTTP(rec, r)
	res := rec.Result()
	var got given
	for _, c := range res.Cookies() {
		switch c.Name {
		case "planpoint":
			got.access = c.Value
		case "planpointRefresh":
			got.refresh = c.Value
		}
	}
	text := rec.Body.String()
	if res.StatusCode == http.StatusOK {
		if _, after, found := strings.Cut(text, `"accessToken":"`); found {
			got.access, _, _ = strings.Cut(after, `"`)
		}
		text = regexp.MustCompile(`"username":"[^"]*"`).ReplaceAllString(text, "") // the user's own
	}
	res.Header.Del("Set-Cookie")
	for _, token := range []string{got.access, got.refresh} {
		if token != "" {
			text = strings.ReplaceAll(text, token, "")
			l.kit.Log.Keep(token)
		}
	}
	text += fmt.Sprint(res.Header)
	for _, secret := range l.kit.Log.Kept() {
		if strings.Contains(text, secret) {
			l.Errorf("%s %s answers with %q: %s", method, path, secret, text)
		}
	}
	return got, res.StatusCode
}

func (l *leaks) login(name, password string, header ...string) given {
	l.Helper()
	got, _ := l.send("POST", planpoint.Path, `{"username":"`+name+`@example.com","password":"`+password+`"}`, header...)
	return got
}

// TestNothingLeaks promises that no answer, log line, error or panic holds a password, a hash, a token, a cookie, an API
// key, key material or an e-mail address, except answers and cookies that a token or the user's own profile belongs in.
func TestNothingLeaks(t *testing.T) {
	l := newLeaks(t)
	integration, disabled := l.kit.Client(t, auth.ClientIntegration, false), l.kit.Client(t, auth.ClientStandard, true)
	l.kit.Log.Keep("lk_wrong-key", "hunter2-hunter2", "typed-by-nobody")
	l.signIn(integration, disabled)
	l.kit.Clock.Advance(48 * time.Hour) // no throttling is left
	l.sessions()
	l.badInput()
	l.faults()
	if records := l.kit.Log.Audit(t); len(records) < 50 {
		t.Errorf("only %d audit records: not everything was driven", len(records))
	}
}

func (l *leaks) signIn(integration, disabled string) {
	for _, name := range []string{"ada", "grace", "alan", "joan", "dorothy", "typed-by-nobody"} {
		for _, password := range []string{authtest.Password, "hunter2-hunter2", strings.Repeat("hunter2-hunter2", 100)} {
			l.login(name, password)
			for _, c := range contracts(l, nil) {
				l.send("POST", c.Path(), authtest.Credentials(l, name+"@example.com", password))
			}
		}
	}
	for _, key := range []string{integration, disabled, "lk_wrong-key", "Bearer " + integration, authtest.Password} {
		l.login("ada", authtest.Password, "Authorization", key)
	}
	for _, target := range []string{"ada", "joan", "margaret", "typed-by-nobody"} {
		for _, actor := range []string{"margaret", "grace"} {
			l.send("POST", planpoint.Path, `{"username":"`+actor+`@example.com","password":"`+authtest.Password+`","impersonate":"`+target+`@example.com"}`)
		}
	}
	for range 12 { // until the user is throttled from everywhere
		l.login("alan", "hunter2-hunter2")
		l.kit.Clock.Advance(2 * time.Minute)
	}
	l.send("POST", planpoint.Path+"?username=ada@example.com&password=hunter2-hunter2", "")
	l.send("POST", planpoint.Path+"?username=ada@example.com&password=hunter2-hunter2", `{"password":"hunter2-hunter2"}`)
}

func (l *leaks) sessions() {
	first, second := l.login("ada", authtest.Password), l.login("ada", authtest.Password)
	if first.refresh == "" || second.access == "" {
		l.Fatal("ada is not signed in")
	}
	refresh := func(token string) given {
		got, _ := l.send("POST", "/api/users/refresh", "", "Cookie", "planpointRefresh="+token)
		return got
	}
	stored, err := l.kit.Store.SessionsOf(l.Context(), "ada", "", 1000)
	check(l.T, err)
	for _, s := range stored {
		l.kit.Log.Keep(s.Nonce)
	}
	next := refresh(first.refresh)
	l.kit.Clock.Advance(time.Minute)
	refresh(first.refresh) // a replay
	refresh(next.refresh)
	l.send("POST", "/api/users/refresh", `{"refreshToken":"`+second.refresh+`"}`)
	l.send("POST", "/api/users/refresh", `{"refreshToken":"`+second.refresh[:40]+`hunter2-hunter2"}`)
	l.send("POST", "/api/users/refresh", `{"refreshToken":["`+second.refresh+`"]}`)
	bearer := []string{"Authorization", "Bearer " + second.access}
	for _, path := range []string{"/api/users/me", "/api/users/sessions"} {
		l.send("GET", path, "", bearer...)
		l.send("GET", path, "", "Cookie", "planpoint="+second.access[:len(second.access)-2])
	}
	for _, id := range []string{second.refresh, second.access, "ada@example.com"} {
		l.send("DELETE", "/api/users/sessions/"+id, "", bearer...)
	}
	l.send("POST", "/api/users/logout?all=true", "", bearer...)
	l.send("POST", "/api/users/logout", "", bearer...)
}

func (l *leaks) badInput() {
	s := l.login("ada", authtest.Password)
	for _, body := range []string{
		authtest.Password, `"` + authtest.Password + `"`, `["ada@example.com"]`, `{"ada@example.com":"` + authtest.Password + `"}`,
		`{"username":"ada@example.com","password":["` + authtest.Password + `"]}`, `{"username":"ada@example.com","password":"` + authtest.Password,
		`{"username":"ada@example.com","password":"` + authtest.Password + `","password":"` + authtest.Password + `"}`,
		`{"username":"ada@example.com","password":"` + authtest.Password + `"} ` + s.refresh,
		`{"username":"` + authtest.Password + `","password":"ada@example.com"}`, `{"username":{"ada@example.com":1}}`,
		`{"username":"ada@example.com","password":"` + authtest.Password + `","impersonate":"` + authtest.Password + `"}`,
		`{"username":"ada@example.com` + "\xff" + `","password":"` + authtest.Password + `"}`, `{"username":"` + s.access + `","password":"x"}`,
		strings.Repeat(authtest.Password, 1000),
	} {
		for _, path := range append(contractPaths(l), "/api/users/refresh") {
			l.send("POST", path, body)
			l.send("POST", path, strings.ReplaceAll(body, "username", "email"))
		}
	}
	for _, header := range [][]string{
		{"Content-Type", authtest.Password}, {"Authorization", s.access}, {"Authorization", "Bearer " + s.refresh}, {"Authorization", "Basic ada@example.com"},
		{"Cookie", "planpoint=" + s.access + "; planpoint=" + s.refresh}, {"Cookie", "planpointRefresh=" + s.access}, {"Origin", "https://ada@example.com"},
		{"X-Forwarded-For", s.refresh}, {"X-Request-Id", s.refresh}, {"Sec-Fetch-Site", authtest.Password},
	} {
		for _, path := range append(contractPaths(l), "/api/users/refresh", "/api/users/logout", "/api/users/me", "/api/users/none?"+s.refresh) {
			l.send("POST", path, `{}`, header...)
			l.send("GET", path, "", header...)
		}
	}
}

// faults makes every call of every port fail, and then panic with a secret, in every request that reaches it.
func (l *leaks) faults() {
	failure := errors.New("disk on fire")
	for _, call := range []string{
		"MAC", "LookUp", "UserByID", "CountAttempt", "Verify", "CountFailure of the user", "CountFailure of the source", "Sign", "PutSession", "ClearAttempts", "VerifyToken", "SessionAndUser",
		"RotateSession", "SessionsOf", "EndSession", "EndSessions",
	} {
		for _, fail := range []func() error{
			func() error { return failure },
			func() error { return fmt.Errorf("%w: %w", auth.ErrUnavailable, context.DeadlineExceeded) },
			func() error { panic(authtest.Password) },
			func() error { panic(fmt.Errorf("ada@example.com: %s", authtest.Password)) },
			func() error { var none []string; return errors.New(none[len(authtest.Password)]) },
		} {
			l.kit.Clock.Advance(48 * time.Hour)
			s, other := l.login("ada", authtest.Password), l.login("ada", authtest.Password)
			failed := false
			l.kit.Before(func(name string) error {
				if name != call {
					return nil
				}
				failed = true
				return fail()
			})
			l.login("ada", authtest.Password)
			l.login("ada", "hunter2-hunter2")
			bearer := []string{"Authorization", "Bearer " + s.access}
			l.send("POST", "/api/users/refresh", `{"refreshToken":"`+s.refresh+`"}`)
			l.send("GET", "/api/users/sessions", "", bearer...)
			l.send("DELETE", "/api/users/sessions/"+s.refresh, "", bearer...)
			l.send("POST", "/api/users/logout", "", bearer...)
			l.send("POST", "/api/users/logout?all=true", "", "Cookie", "planpoint="+other.access)
			l.kit.Before(nil)
			if !failed {
				l.Errorf("%s was never called", call)
			}
		}
	}
	check(l.T, l.kit.Store.(interface{ Close() error }).Close())
	l.login("ada", authtest.Password) // by the real store's own error
}
