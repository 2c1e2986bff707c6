package app_test

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/password"
	"latchkey/internal/token"
)

// TestSessionCapacity promises what the session endpoints cost on DynamoDB: a refresh costs one read and one write, each one
// round trip; who-am-I costs one read.
func TestSessionCapacity(t *testing.T) {
	spent := &ledger{}
	b := newCapacityBrowser(t, spent)
	first, second := b.signIn(t, "ada"), b.signIn(t, "ada")
	large := b.signIn(t, "large")
	b.signIn(t, "ada")
	for _, test := range []struct {
		name, method, path string
		who                cookies
		status             int
		want               string
	}{
		{"refresh", "POST", "/api/users/refresh", second, 200, "BatchGetItem, UpdateItem: 2 RRU, 1 WRU"},
		{"refresh in the grace", "POST", "/api/users/refresh", second, 200, "BatchGetItem: 2 RRU, 0 WRU"},
		{"refresh of a user of 5 KB", "POST", "/api/users/refresh", large, 200, "BatchGetItem, UpdateItem: 3 RRU, 1 WRU"},
		{"refresh, malformed", "POST", "/api/users/refresh", cookies{refresh: "x"}, 401, ": 0 RRU, 0 WRU"},
		{"refresh, forged", "POST", "/api/users/refresh", cookies{refresh: forged(first.refresh)}, 401, "BatchGetItem: 2 RRU, 0 WRU"},
		{"who am I", "GET", "/api/users/me", second, 200, "BatchGetItem: 2 RRU, 0 WRU"},
		{"who am I, not signed in", "GET", "/api/users/me", cookies{access: "x"}, 401, ": 0 RRU, 0 WRU"},
		{"sessions", "GET", "/api/users/sessions", second, 200, "BatchGetItem, Query, Query: 3 RRU, 0 WRU"},
		{"end one", "DELETE", "/api/users/sessions/" + large.id, large, 204, "BatchGetItem, BatchGetItem, DeleteItem: 6 RRU, 1 WRU"},
		{"log out", "POST", "/api/users/logout", second, 200, "BatchGetItem, DeleteItem: 2 RRU, 1 WRU"},
		{"log out of all", "POST", "/api/users/logout?all=true", first, 200, "BatchGetItem, Query, BatchWriteItem, DeleteItem: 3 RRU, 2 WRU"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spent.expect(test.want)
			if answer := b.get(t, test.method, test.path, test.who); answer.Code != test.status {
				t.Errorf("status %d, want %d: %s", answer.Code, test.status, answer.Body)
			}
			if diff := cmp.Diff(test.want, spent.String()); diff != "" {
				t.Errorf("spent (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReplayCapacity promises that ending a replayed session costs one read and one write.
func TestReplayCapacity(t *testing.T) {
	spent := &ledger{}
	b := newCapacityBrowser(t, spent)
	who := b.signIn(t, "ada")
	spent.expect("")
	b.get(t, http.MethodPost, "/api/users/refresh", who)
	b.now = b.now.Add(time.Hour)
	const want = "BatchGetItem, DeleteItem: 2 RRU, 1 WRU"
	spent.expect(want)
	if answer := b.get(t, http.MethodPost, "/api/users/refresh", who); answer.Code != http.StatusUnauthorized {
		t.Errorf("status %d, want 401", answer.Code)
	}
	if diff := cmp.Diff(want, spent.String()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
}

// forged returns the token with another MAC.
func forged(refresh string) string {
	raw, err := base64.RawURLEncoding.DecodeString(refresh)
	if err != nil {
		panic(err)
	}
	raw[len(raw)-1] ^= 1
	return base64.RawURLEncoding.EncodeToString(raw)
}

type cookies struct{ access, refresh, id string }

// capacityBrowser calls the login and the session function over one metered table.
type capacityBrowser struct {
	spent          *ledger
	now            time.Time
	login, session http.Handler
	tokens         *token.Keyring
}

func newCapacityBrowser(t *testing.T, spent *ledger) *capacityBrowser {
	t.Helper()
	store := meteredStore(t, spent)
	hasher := password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0)
	hash, err := hasher.Hash(t.Context(), authtest.Password)
	check(t, err)
	large := authtest.NewUser("large")
	large.Profile.CompanyName = strings.Repeat("x", 4000)
	for _, u := range []auth.User{authtest.Ada(), large} {
		u.PasswordHash = hash
		check(t, store.CreateUser(t.Context(), u))
	}
	ring, err := keyring.New(jwk.ES256, time.Now())
	check(t, err)
	document, err := ring.Marshal()
	check(t, err)

	b := &capacityBrowser{spent: spent, now: usualTime()}
	now, config := func() time.Time { return b.now }, eventConfig(t)
	config.Throttle = auth.Limits{} // counting is the sign-ins' matter
	b.tokens = token.NewKeyring(fixedSource(document), keyring.Parse, token.Config{Issuer: "https://login.example.com", Audience: "test", Now: now})
	ports := app.Ports{
		Store: store, Passwords: hasher, Keys: b.tokens, Tokens: b.tokens,
		Log: slog.New(slog.DiscardHandler), Now: now,
	}
	b.login, b.session = app.LoginHandler(config, ports), app.SessionHandler(config, ports)
	return b
}

func (b *capacityBrowser) signIn(t *testing.T, name string) cookies {
	t.Helper()
	b.spent.expect("")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, planpointLogin,
		strings.NewReader(`{"username": "`+name+`@example.com", "password": "`+authtest.Password+`"}`))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	b.login.ServeHTTP(answer, r)
	got := answer.Result().Cookies()
	if len(got) != 2 {
		t.Fatalf("sign in: %d %s", answer.Code, answer.Body)
	}
	claims, err := b.tokens.Verify(t.Context(), got[0].Value)
	check(t, err)
	return cookies{access: got[0].Value, refresh: got[1].Value, id: claims.SessionID}
}

func (b *capacityBrowser) get(t *testing.T, method, path string, who cookies) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.AddCookie(&http.Cookie{Name: "planpoint", Value: who.access})
	r.AddCookie(&http.Cookie{Name: "planpointRefresh", Value: who.refresh})
	answer := httptest.NewRecorder()
	b.session.ServeHTTP(answer, r)
	return answer
}
