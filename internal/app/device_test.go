package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/factor"
)

// TestDeviceOverHTTP promises the whole life of a remembered device by both contracts: made with a code, sent back, listed, and ended
// by its id.
func TestDeviceOverHTTP(t *testing.T) {
	g := newGateTest(t)
	for _, path := range []string{planpointLogin, organizationLogin} {
		t.Run(path, func(t *testing.T) {
			device := g.deviceAt(t, path)
			in := proof{body: g.credentials("ada")}
			if path == planpointLogin {
				in.device = device
			} else {
				in.body = g.credentials("ada", `,"deviceToken":"`+device+`"`)
			}
			token := accessToken(t, g.send(t, path, in).Body.Bytes())
			listed := g.devices(t, token)
			if len(listed) == 0 || listed[0].CreatedAt == "" || listed[0].LastUsedAt == "" {
				t.Fatalf("the devices are %+v", listed)
			}
			answer := g.call(t, http.MethodDelete, "/api/users/sessions/"+listed[0].ID, token)
			if answer.Code != http.StatusNoContent {
				t.Errorf("the end of a device: %d %s", answer.Code, answer.Body)
			}
			if left := g.devices(t, token); len(left) != len(listed)-1 {
				t.Errorf("after its end the devices are %+v", left)
			}
			if found := g.tokens(t, path, in); len(found) > 0 {
				t.Errorf("after its end the device lets in: %v", found)
			}
		})
	}
}

type device struct{ ID, CreatedAt, LastUsedAt, Source string }

// deviceAt signs Ada in with a code and returns what the contract gives the client to keep.
func (g *gateTest) deviceAt(t *testing.T, path string) string {
	t.Helper()
	g.kit.Clock.Advance(factor.Period)
	answer := g.send(t, path, proof{body: g.credentials("ada", `,"remember":true,"code":"`+g.code()+`"`)})
	if path == organizationLogin {
		var granted struct{ DeviceToken string }
		check(t, json.Unmarshal(answer.Body.Bytes(), &granted))
		return granted.DeviceToken
	}
	lines := answer.Header().Values("Set-Cookie")
	cookie, ours := strings.CutPrefix(lines[len(lines)-1], "latchkeyDevice=")
	token, attributes, _ := strings.Cut(cookie, "; ")
	if want := "Path=/api/users; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict"; !ours || attributes != want {
		t.Errorf("the cookie is %q", lines[len(lines)-1])
	}
	return token
}

func accessToken(t *testing.T, body []byte) string {
	t.Helper()
	token := anyToken.FindString(string(body))
	if token == "" {
		t.Fatalf("no token: %s", body)
	}
	return token
}

func (g *gateTest) call(t *testing.T, method, path, bearer string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+bearer)
	answer := httptest.NewRecorder()
	g.handlers["/api/users/sessions"].ServeHTTP(answer, r)
	return answer
}

func (g *gateTest) devices(t *testing.T, bearer string) []device {
	t.Helper()
	var answer struct{ Devices []device }
	check(t, json.Unmarshal(g.call(t, http.MethodGet, "/api/users/sessions", bearer).Body.Bytes(), &answer))
	return answer.Devices
}
