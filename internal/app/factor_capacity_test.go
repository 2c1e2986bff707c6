package app_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/factor"
)

// TestFactorCapacity promises what a second factor costs on DynamoDB: one write more than a sign-in without one if the code comes
// with the password; two writes and the reads of the second call if it comes later. Codes that are not looked at cost nothing. A
// remembered device costs one read.
func TestFactorCapacity(t *testing.T) {
	spent := &ledger{}
	f := newFactorCapacity(t, spent)
	const (
		without = "BatchGetItem, GetItem + UpdateItem, hash, PutItem + PutItem: 5 RRU, 3 WRU"
		oneCall = "BatchGetItem, GetItem + UpdateItem, hash, UpdateItem, PutItem + PutItem: 5 RRU, 4 WRU"
		refused = "BatchGetItem, GetItem + UpdateItem, hash, UpdateItem + UpdateItem: 5 RRU, 3 WRU"
		wrong   = "BatchGetItem, GetItem + UpdateItem, hash, UpdateItem: 5 RRU, 2 WRU"
	)
	code := func(user, password, code string) string {
		return `{"username": "` + user + `@example.com", "password": "` + password + `", "code": "` + code + `"}`
	}
	for _, test := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"no factor, with a code", code("ada", authtest.Password, "123456"), 200, without},
		{"one call", code("grace", authtest.Password, f.code(-1)), 200, oneCall},
		{"one call, wrong code", code("grace", authtest.Password, "12345"), 401, wrong},
		{"wrong password with a code", code("grace", "wrong", f.code(1)), 401, refused},
		{"wrong password with a code, no factor", code("ada", "wrong", f.code(1)), 401, refused},
		{"unknown user with a code", code("nobody", "wrong", f.code(1)), 401, refused},
	} {
		t.Run(test.name, func(t *testing.T) { f.send(t, f.login, planpointLogin, test.body, test.status, test.want) })
	}
	t.Run("remembered", func(t *testing.T) {
		body := strings.TrimSuffix(code("grace", authtest.Password, f.code(0)), "}") + `, "remember": true}`
		answer := f.send(t, f.login, organizationLogin, strings.Replace(body, "username", "email", 1), 200,
			"BatchGetItem, GetItem + UpdateItem, hash, UpdateItem, PutItem + PutItem, PutItem, Query: 6 RRU, 5 WRU")
		var granted struct{ DeviceToken string }
		check(t, json.Unmarshal(answer, &granted))
		in := func(password string) string {
			return `{"email": "grace@example.com", "password": "` + password + `", "deviceToken": "` + granted.DeviceToken + `"}`
		}
		f.send(t, f.login, organizationLogin, in(authtest.Password), 200, "BatchGetItem, GetItem + UpdateItem, hash, PutItem + UpdateItem: 6 RRU, 3 WRU")
		f.send(t, f.login, organizationLogin, in("wrong"), 200, "BatchGetItem, GetItem + UpdateItem, hash: 6 RRU, 1 WRU")
	})
	t.Run("two calls", func(t *testing.T) {
		answer := f.send(t, f.login, planpointLogin, code("grace", authtest.Password, ""), 401,
			"BatchGetItem, GetItem + UpdateItem, hash, GetItem: 6 RRU, 1 WRU")
		var challenged struct{ Challenge struct{ ID string } }
		check(t, json.Unmarshal(answer, &challenged))
		f.send(t, f.account, planpointLogin+"/factor", `{"challenge": "`+challenged.Challenge.ID+`", "code": "`+f.code(1)+`"}`, 200,
			"GetItem, GetItem, UpdateItem, PutItem, PutItem + PutItem: 2 RRU, 4 WRU")
	})
}

// factorCapacity is the login and the account function over one metered table, in which Grace has an authenticator app.
type factorCapacity struct {
	spent          *ledger
	login, account http.Handler
	seed           factor.Seed
	step           int64
}

func newFactorCapacity(t *testing.T, spent *ledger) factorCapacity {
	t.Helper()
	config, ports, _ := capacityPorts(t, spent, nil)
	seed, err := factor.NewSeed(rand.Reader)
	check(t, err)
	sealed, err := factor.NewVault(ports.Keys, rand.Reader).Seal(t.Context(), factor.Stored, "grace", seed)
	check(t, err)
	spent.expect("")
	check(t, ports.Store.SetFactors(t.Context(), "grace", 1, auth.Factors{TOTP: []auth.TOTP{{ID: "phone", Sealed: sealed}}}, nil))
	return factorCapacity{
		spent: spent, login: app.LoginHandler(config, ports), account: app.AccountHandler(config, ports),
		seed: seed, step: factor.Step(ports.Now()),
	}
}

// code returns the code of a step near now; each is accepted once.
func (f factorCapacity) code(from int64) string { return f.seed.Code(f.step + from) }

func (f factorCapacity) send(t *testing.T, handler http.Handler, path, body string, status int, want string) []byte {
	t.Helper()
	f.spent.expect(want)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = home
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	if answer.Code != status {
		t.Errorf("status %d, want %d: %s", answer.Code, status, answer.Body)
	}
	if diff := cmp.Diff(want, f.spent.String()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
	return answer.Body.Bytes()
}
