package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// passwordCapacity is the account function over a metered table, and Ada's session there.
type passwordCapacity struct {
	spent   *ledger
	handler http.Handler
	ports   app.Ports
	token   string
}

func newPasswordCapacity(t *testing.T, alter func(*app.Ports)) passwordCapacity {
	t.Helper()
	spent := &ledger{}
	config, ports, _ := capacityPorts(t, spent, map[string]string{"LATCHKEY_RESET_URL": "https://app.example.com/reset"})
	if alter != nil {
		alter(&ports)
	}
	spent.expect("")
	answer := capacityCase{path: planpointLogin, user: "ada", password: authtest.Password, source: home}.send(t, app.LoginHandler(config, ports))
	var signedIn struct{ Token string }
	check(t, json.Unmarshal(answer.Body.Bytes(), &signedIn))
	return passwordCapacity{spent, app.AccountHandler(config, ports), ports, signedIn.Token}
}

// send posts the body with Ada's session and promises the status and what the call costs.
func (p passwordCapacity) send(t *testing.T, path, body string, status int, want string) {
	t.Helper()
	p.spent.expect(want)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.RemoteAddr = home
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, r)
	if answer.Code != status {
		t.Errorf("status %d, want %d: %s", answer.Code, status, answer.Body)
	}
	if diff := cmp.Diff(want, p.spent.String()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
}

// TestPasswordChangeCapacity promises that up to the right password a change costs what a sign-in costs, after the read of the
// session, and that a refused new password costs no hash.
func TestPasswordChangeCapacity(t *testing.T) {
	p := newPasswordCapacity(t, nil)
	for _, test := range []struct { // the first read is that of the session and its user: two RRU
		name, current, next string
		status              int
		want                string
	}{
		{"wrong password", "wrong", "a walrus in the attic", 400, "BatchGetItem, BatchGetItem, GetItem + UpdateItem, hash, UpdateItem + UpdateItem: 7 RRU, 3 WRU"},
		{"refused password", authtest.Password, "short", 400, "BatchGetItem, BatchGetItem, GetItem + UpdateItem, hash, UpdateItem: 7 RRU, 2 WRU"},
		{"changed", authtest.Password, "a walrus in the attic", 200, "BatchGetItem, BatchGetItem, GetItem + UpdateItem, hash, GetItem, TransactWriteItems, Query, BatchWriteItem, PutItem + PutItem: 9 RRU, 8 WRU"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.send(t, "/api/users/password", `{"currentPassword": "`+test.current+`", "newPassword": "`+test.next+`"}`, test.status, test.want)
		})
	}
}

// TestResetCapacity promises that asking for a reset costs two reads and one write for every address, and one message; and what the
// token's call costs.
func TestResetCapacity(t *testing.T) {
	outbox := &authtest.Outbox{}
	p := newPasswordCapacity(t, func(ports *app.Ports) { ports.Outbox = outbox })
	for i, name := range []string{"ada", "nobody", "joan", "dorothy", "old", "ada", "ada", "ada", "weak", "alan"} {
		p.send(t, "/api/users/password/reset", `{"username": "`+name+`@example.com"}`, 200, "UpdateItem, GetItem, GetItem: 2 RRU, 1 WRU")
		if n := len(outbox.Messages()); n != 1 {
			t.Errorf("call %d: %d messages", i, n)
		}
	}
	p.send(t, "/api/users/password/reset", `{"username": "ada@example.com"}`, 200, "UpdateItem: 0 RRU, 1 WRU") // over the source's limit
	service := auth.NewService(auth.Config{Store: p.ports.Store, Keys: p.ports.Keys, Audit: audit.Log(p.ports.Log), Log: p.ports.Log, Now: p.ports.Now})
	p.spent.expect("")
	_, token, err := service.MailToken(t.Context(), "ada", auth.MessageReset, false)
	check(t, err)
	p.send(t, "/api/users/password/reset/confirm", `{"token": "`+token[1:]+`", "newPassword": "a walrus in the attic"}`, 400, ": 0 RRU, 0 WRU")
	p.send(t, "/api/users/password/reset/confirm", `{"token": "`+token+`", "newPassword": "short"}`, 400, "GetItem: 1 RRU, 0 WRU")
	p.send(t, "/api/users/password/reset/confirm", `{"token": "`+token+`", "newPassword": "a walrus in the attic"}`, 200, "GetItem, GetItem, TransactWriteItems, Query, BatchWriteItem: 3 RRU, 5 WRU")
}
