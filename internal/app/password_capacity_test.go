package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
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
	config, ports, _ := capacityPorts(t, spent, nil)
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
		{"changed", authtest.Password, "a walrus in the attic", 200, "BatchGetItem, BatchGetItem, GetItem + UpdateItem, hash, GetItem, TransactWriteItems, Query, BatchWriteItem, PutItem + PutItem: 9 RRU, 4 WRU"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.send(t, "/api/users/password", `{"currentPassword": "`+test.current+`", "newPassword": "`+test.next+`"}`, test.status, test.want)
		})
	}
}
