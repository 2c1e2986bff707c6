package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// served is what serve serves over the kit, with the settings.
func served(t *testing.T, k *authtest.Kit, s settings) http.Handler {
	t.Helper()
	config, err := app.ConfigFrom(s.get)
	check(t, err)
	return app.ServeHandler(config, app.Ports{
		Store: k.StorePort(), Passwords: k.Passwords(), Keys: k.Keys(), Tokens: k.Tokens(), Log: k.Log.Logger(), Now: k.Clock.Now,
		PublicKeys: fixedSource(`{"keys":[]}`),
	})
}

// answerAt sends a request with a body of JSON, or without a body, from an address on this machine.
func answerAt(t *testing.T, handler http.Handler, method, url, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4711"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	return answer
}

// TestContractsSetting promises a JSON 404 at the paths of a contract that is off, and everything else as before.
func TestContractsSetting(t *testing.T) {
	for setting, want := range map[string]map[string]int{
		"planpoint,organization": {planpointLogin: 200, organizationLogin: 200},
		"planpoint":              {planpointLogin: 200, organizationLogin: 404},
		"organization":           {planpointLogin: 404, organizationLogin: 200},
	} {
		k := authtest.NewKit(t, authtest.Grace())
		body := authtest.Credentials(t, "grace@example.com", authtest.Password)
		config, err := app.ConfigFrom(settings{"CONTRACTS": setting}.get)
		check(t, err)
		function := app.LoginHandler(config, app.Ports{
			Store: k.Store, Passwords: k.Hasher, Keys: k.Keyring, Log: k.Log.Logger(), Now: k.Clock.Now,
		})
		for _, handler := range []http.Handler{served(t, k, settings{"CONTRACTS": setting}), function} {
			for path, status := range want {
				answer := answerAt(t, handler, http.MethodPost, "http://localhost"+path, body)
				if answer.Code != status || status == 404 && answer.Body.String() != `{"message":"Not Found"}` {
					t.Errorf("CONTRACTS=%s: %s: %d %s, want %d", setting, path, answer.Code, answer.Body, status)
				}
			}
		}
		handler := served(t, k, settings{"CONTRACTS": setting})
		if answer := answerAt(t, handler, http.MethodPost, "http://localhost/api/users/logout", ""); answer.Code != 200 {
			t.Errorf("CONTRACTS=%s: the session endpoints answer %d", setting, answer.Code)
		}
		welcome := answerAt(t, handler, http.MethodGet, "http://localhost/", "").Body.String()
		for path, status := range want {
			if strings.Contains(welcome, "POST "+path+" ") != (status == 200) && !strings.HasSuffix(welcome, "POST "+path+`"}`) {
				t.Errorf("CONTRACTS=%s: / says %s", setting, welcome)
			}
		}
	}
}

// TestHealth promises that /healthz fails when no sign-in can succeed, answers HEAD, and answers for any host.
func TestHealth(t *testing.T) {
	for _, failing := range []string{"", "SessionAndUser", "MAC"} {
		k := authtest.NewKit(t)
		handler := served(t, k, settings{})
		k.Before(func(call string) error {
			if call == failing {
				return auth.ErrUnavailable
			}
			return nil
		})
		want, body := 200, `{"status":"ok"}`
		if failing != "" {
			want, body = 500, `{"status":"failed"}`
		}
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, host := range []string{"localhost:3000", "evil.example", "10.0.0.1"} {
				answer := answerAt(t, handler, method, "http://"+host+"/healthz", "")
				if answer.Code != want || method == http.MethodGet && answer.Body.String() != body {
					t.Errorf("without %q: %s for %s: %d %s", failing, method, host, answer.Code, answer.Body)
				}
			}
		}
	}
}

// TestServedHosts promises that serve answers for its own names, and for no name that a stranger's DNS leads here.
func TestServedHosts(t *testing.T) {
	k := authtest.NewKit(t)
	handler := served(t, k, settings{"ISSUER": "https://login.example.com/auth", "ALLOWED_HOSTS": "latchkey"})
	for host, want := range map[string]int{
		"login.example.com": 200, "latchkey:3000": 200, "localhost:3000": 200, "127.0.0.1:3000": 200, "[::1]:3000": 200,
		"evil.example": 421, "example.com": 421,
	} {
		for _, path := range []string{"/", "/.well-known/jwks.json"} {
			if answer := answerAt(t, handler, http.MethodGet, "http://"+host+path, "", "Origin", "http://"+host); answer.Code != want {
				t.Errorf("%s%s: %d, want %d", host, path, answer.Code, want)
			}
		}
	}
}

// TestUndeclaredProxy promises one warning that names the peer and the setting, while all clients of the proxy share a limit.
func TestUndeclaredProxy(t *testing.T) {
	k := authtest.NewKit(t, authtest.Ada())
	handler := served(t, k, settings{})
	for range 105 {
		answerAt(t, handler, http.MethodPost, "http://localhost"+planpointLogin, authtest.Credentials(t, "nobody@example.com", "x"), "X-Forwarded-For", "203.0.113.5")
	}
	log := k.Log.String()
	if n := strings.Count(log, "TRUSTED_PROXIES"); n != 1 || !strings.Contains(log, `"peer":"127.0.0.1"`) {
		t.Errorf("%d warnings:\n%.2000s", n, log)
	}
}

// TestRequestLog promises a line for each request that shows its route, the client behind a trusted proxy, and no path that the client made up.
func TestRequestLog(t *testing.T) {
	k := authtest.NewKit(t)
	handler := served(t, k, settings{"TRUSTED_PROXIES": "127.0.0.1"})
	k.Log.Keep("eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "hunter2")
	for _, path := range []string{
		"/api/users/sessions/eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "/eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "/api/users/eyJhbGciOiJFUzI1NiJ9.e30.c2ln",
		"/api/users/login?password=hunter2", "/ada@example.com",
	} {
		answerAt(t, handler, http.MethodGet, "http://localhost"+path, "", "X-Forwarded-For", "203.0.113.5")
	}
	log := k.Log.String()
	for _, want := range []string{`"path":"/api/users/sessions/{id}"`, `"path":"(unknown)"`, `"path":"/api/users/login"`, `"source":"203.0.113.5:0"`} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in the log:\n%s", want, log)
		}
	}
}
