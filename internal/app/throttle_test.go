package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/lambdahttp"
)

// limitedLogin is the login function with the default limits over the kit, whose clock stands still.
func limitedLogin(t *testing.T, k *authtest.Kit, settings settings) http.Handler {
	t.Helper()
	if settings == nil {
		settings = map[string]string{}
	}
	config, err := app.ConfigFrom(settings.get)
	check(t, err)
	return app.LoginHandler(config, app.Ports{
		Store: k.StorePort(), Passwords: k.Hasher, Keys: k.Keyring, Log: k.Log.Logger(), Now: k.Clock.Now,
	})
}

func wrongly(path, user, source string) capacityCase {
	return capacityCase{path: path, user: user, password: "wrong", source: source}
}

// TestContractsShareCounters promises that guesses count together, whichever contract they come by, and that each contract
// words the wait itself, the same for known and unknown users.
func TestContractsShareCounters(t *testing.T) {
	k := authtest.NewKit(t, authtest.Ada(), authtest.Grace())
	handler := limitedLogin(t, k, nil)
	all := contracts(t, nil)
	for _, user := range []string{"ada", "grace", "nobody"} {
		for i := range 5 {
			if answer := wrongly(all[i%len(all)].Path(), user, home).send(t, handler); answer.Header().Get("Retry-After") != "" {
				t.Fatalf("%s is throttled after %d failures", user, i)
			}
		}
		for _, c := range all {
			status, body := authtest.AnswerTo(t, c, auth.ErrThrottled)
			answer := capacityCase{path: c.Path(), user: user, password: authtest.Password, source: home}.send(t, handler)
			if got := answer.Body.String(); answer.Code != status || got != body || answer.Header().Get("Retry-After") != "1" {
				t.Errorf("%s at %s: %d %s, Retry-After %q", user, c.Path(), answer.Code, got, answer.Header().Get("Retry-After"))
			}
		}
	}
}

// lambdaLogin sends a sign-in through the Lambda handler, from the address that the gateway saw and with a header that
// any client can set, and returns the status and whether it was throttled.
func lambdaLogin(t *testing.T, function *lambdahttp.Adapter, user, sourceIP, name, value string) (status int, throttled bool) {
	t.Helper()
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "rawPath": planpointLogin, "routeKey": "ANY " + planpointLogin,
		"headers":        map[string]string{"content-type": "application/json", name: value},
		"requestContext": map[string]any{"http": map[string]string{"method": "POST", "sourceIp": sourceIP}},
		"body":           fmt.Sprintf(`{"username": "%s@example.com", "password": "wrong"}`, user),
	})
	check(t, err)
	out, err := function.Invoke(t.Context(), event)
	check(t, err)
	var answer struct {
		StatusCode int
		Body       string
	}
	check(t, json.Unmarshal(out, &answer))
	return answer.StatusCode, strings.Contains(answer.Body, "Too many")
}

// TestNoHeaderMovesASource promises, on Lambda, that a source is the address that the gateway saw, whatever a client sends, and
// that only declared proxies are trusted.
func TestNoHeaderMovesASource(t *testing.T) {
	for _, test := range []struct {
		name, sourceIP, proxies, header, value string // %d: another for each attempt
		alike                                  bool
	}{
		{"X-Forwarded-For", "192.0.2.7", "", "x-forwarded-for", "198.51.100.%d", true},
		{"X-Forwarded-For, with what the gateway added", "192.0.2.7", "", "x-forwarded-for", "198.51.100.%d, 192.0.2.7", true},
		{"Forwarded", "192.0.2.7", "", "forwarded", "for=198.51.100.%d", true},
		{"X-Real-IP", "192.0.2.7", "", "x-real-ip", "198.51.100.%d", true},
		{"True-Client-IP", "192.0.2.7", "", "true-client-ip", "198.51.100.%d", true},
		{"from a /64", "2001:db8::%d", "", "x-forwarded-for", "198.51.100.%d", true},
		{"from addresses", "192.0.2.%d", "", "x-forwarded-for", "198.51.100.7", false},
		{"other proxies", "192.0.2.7", "192.0.2.8,10.0.0.0/8", "x-forwarded-for", "198.51.100.%d", true},
		{"our proxy", "192.0.2.7", "192.0.2.7", "x-forwarded-for", "198.51.100.%d", false},
		{"our proxy, which the gateway added", "192.0.2.7", "192.0.2.7", "x-forwarded-for", "198.51.100.%d, 192.0.2.7", false},
		{"a lie before our proxy", "192.0.2.7", "192.0.2.7", "x-forwarded-for", "198.51.100.%d, 203.0.113.9, 192.0.2.7", true},
		{"our proxy alone", "192.0.2.7", "192.0.2.7", "x-real-ip", "198.51.100.7", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, authtest.Ada())
			function := lambdahttp.Wrap(limitedLogin(t, k, settings{"TRUSTED_PROXIES": test.proxies}))
			numbered := func(text string, n int) string { return strings.ReplaceAll(text, "%d", fmt.Sprint(n)) }
			for i := range 6 {
				status, throttled := lambdaLogin(t, function, "ada", numbered(test.sourceIP, i+1), test.header, numbered(test.value, i+1))
				if want := test.alike && i == 5; status != 401 || throttled != want {
					t.Errorf("attempt %d: status %d, throttled %t, want %t", i+1, status, throttled, want)
				}
			}
			k.Clock.Advance(time.Second)
			if _, throttled := lambdaLogin(t, function, "ada", numbered(test.sourceIP, 1), test.header, numbered(test.value, 1)); throttled {
				t.Error("throttled after the wait")
			}
		})
	}
}
