package app_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/dynamo"
	"latchkey/internal/emulator"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/password"
)

// TestLoginCapacity promises what a sign-in costs on DynamoDB, by every contract: two reads in sequence, a write during the
// second, the hash, and one round of writes. Refusals must not differ from each other.
func TestLoginCapacity(t *testing.T) {
	spent := &ledger{}
	handler, key := capacityHandler(t, spent, nil)
	const (
		succeeds = "BatchGetItem, GetItem + UpdateItem, hash, PutItem + PutItem: 5 RRU, 3 WRU"
		refused  = "BatchGetItem, GetItem + UpdateItem, hash, UpdateItem + UpdateItem: 5 RRU, 3 WRU"
	)
	cases := []capacityCase{
		{"success", planpointLogin, "ada", authtest.Password, "", home, 200, succeeds},
		{"API key", planpointLogin, "ada", authtest.Password, key, home, 200,
			"BatchGetItem, GetItem + UpdateItem, hash, PutItem + PutItem: 6 RRU, 3 WRU"},
		{"rehash", planpointLogin, "old", authtest.Password, "", home, 200,
			"BatchGetItem, GetItem + UpdateItem, hash, PutItem + PutItem + UpdateItem: 5 RRU, 4 WRU"},
		{"after the rehash", planpointLogin, "old", authtest.Password, "", home, 200, succeeds},
		{"unknown user", planpointLogin, "nobody", authtest.Password, "", home, 401, refused},
		{"wrong password", planpointLogin, "ada", "wrong", "", home, 401, refused},
		{"wrong password again", planpointLogin, "ada", "wrong", "", home, 401, refused},
		{"success after failures", planpointLogin, "ada", authtest.Password, "", home, 200, succeeds},
		{"wrong password, old hash", planpointLogin, "weak", "wrong", "", home, 401, refused},
		{"pending", planpointLogin, "joan", authtest.Password, "", home, 401, refused},
		{"disabled", planpointLogin, "dorothy", authtest.Password, "", home, 401, refused},
		{"no known source", planpointLogin, "ada", authtest.Password, "", "", 200, succeeds},
		{"no known source, wrong password", planpointLogin, "ada", "wrong", "", "", 401, refused},
	}
	for _, c := range contracts(t, nil) {
		name, path := c.Terms().Contract, c.Path()
		denied, _ := authtest.AnswerTo(t, c, auth.ErrBadCredentials)
		cases = append(cases, []capacityCase{
			{name + ", success", path, "grace", authtest.Password, "", home, 200, succeeds},
			{name + ", unknown user", path, "nobody", authtest.Password, "", home, denied, refused},
			{name + ", wrong password", path, "grace", "wrong", "", home, denied, refused},
			{name + ", pending", path, "joan", authtest.Password, "", home, denied, refused},
			{name + ", no qualifying account", path, "alan", "wrong", "", home, denied, refused},
		}...)
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) { test.run(t, handler, spent) })
	}
}

// TestUnlimitedLoginCapacity promises that limits that are off cost nothing.
func TestUnlimitedLoginCapacity(t *testing.T) {
	spent := &ledger{}
	handler, key := capacityHandler(t, spent, map[string]string{"LATCHKEY_THROTTLE": "off"})
	for _, test := range []capacityCase{
		{"success", planpointLogin, "ada", authtest.Password, "", home, 200, "GetItem, GetItem, hash, PutItem: 2 RRU, 1 WRU"},
		{"API key", planpointLogin, "ada", authtest.Password, key, home, 200, "BatchGetItem, GetItem, hash, PutItem: 3 RRU, 1 WRU"},
		{"rehash", planpointLogin, "old", authtest.Password, "", home, 200,
			"GetItem, GetItem, hash, PutItem + UpdateItem: 2 RRU, 2 WRU"},
		{"unknown user", planpointLogin, "nobody", authtest.Password, "", home, 401, "GetItem, GetItem, hash: 2 RRU, 0 WRU"},
		{"wrong password", planpointLogin, "ada", "wrong", "", home, 401, "GetItem, GetItem, hash: 2 RRU, 0 WRU"},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, handler, spent) })
	}
}

// TestLimitingLoginCapacity promises that one of 32 sign-ins costs one query more, whose cost grows with the user's sessions.
func TestLimitingLoginCapacity(t *testing.T) {
	spent := &ledger{}
	config, ports, _ := capacityPorts(t, spent, map[string]string{"LATCHKEY_THROTTLE": "off"})
	now := limitingTime()
	ports.Now = func() time.Time { return now }
	capacityCase{"success", planpointLogin, "ada", authtest.Password, "", home, 200,
		"GetItem, GetItem, hash, PutItem, Query: 3 RRU, 1 WRU"}.run(t, app.LoginHandler(config, ports), spent)
}

// TestThrottledLoginCapacity promises that a refusal over a limit is one read, for every limit and every identifier, and that a
// known source costs the same as always.
func TestThrottledLoginCapacity(t *testing.T) {
	spent := &ledger{}
	handler, key := capacityHandler(t, spent, map[string]string{"LATCHKEY_THROTTLE_SOURCE": "6/15m", "LATCHKEY_THROTTLE_USER": "6/1h"})
	const (
		refused = "BatchGetItem: 4 RRU, 0 WRU"
		stuffer = "[2001:db8::1]:443"
	)
	send := func(user, password, source string) {
		spent.expect("")
		capacityCase{path: planpointLogin, user: user, password: password, source: source}.send(t, handler)
	}
	for i := range 6 {
		send(fmt.Sprintf("stuffed-%d", i), "wrong", stuffer)
	}
	for range 5 {
		send("ada", "wrong", home)
		send("nobody", "wrong", "198.51.100.1:1")
	}
	send("ada", "wrong", "198.51.100.2:1")
	send("grace", authtest.Password, "198.51.100.3:1")
	for i := range 6 {
		send("grace", "wrong", fmt.Sprintf("198.51.100.%d:1", 10+i))
	}
	cases := []capacityCase{
		{"pair", planpointLogin, "ada", authtest.Password, "", home, 401, refused},
		{"pair, wrong password", planpointLogin, "ada", "wrong", "", home, 401, refused},
		{"pair, unknown user", planpointLogin, "nobody", "wrong", "", "198.51.100.1:1", 401, refused},
		{"source", planpointLogin, "old", authtest.Password, "", stuffer, 401, refused},
		{"source, unknown user", planpointLogin, "fresh", "wrong", "", stuffer, 401, refused},
		{"source, its neighbour in the /64", planpointLogin, "old", authtest.Password, "", "[2001:db8::2]:443", 401, refused},
		{"source, API key", planpointLogin, "old", authtest.Password, key, stuffer, 401, "BatchGetItem: 5 RRU, 0 WRU"},
		{"user", planpointLogin, "ada", authtest.Password, "", "198.51.100.4:1", 401, refused},
		{"user, no known source", planpointLogin, "ada", authtest.Password, "", "", 401, refused},
		{"user, from a source that the user knows", planpointLogin, "grace", authtest.Password, "", "198.51.100.3:9", 200,
			"BatchGetItem, GetItem + UpdateItem, hash, PutItem + PutItem: 5 RRU, 3 WRU"},
	}
	for _, c := range contracts(t, nil) {
		throttled, _ := authtest.AnswerTo(t, c, auth.ErrThrottled)
		cases = append(cases,
			capacityCase{"pair, " + c.Path(), c.Path(), "ada", authtest.Password, "", home, throttled, refused},
			capacityCase{"user, " + c.Path(), c.Path(), "grace", authtest.Password, "", "198.51.100.4:1", throttled, refused})
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			answer := test.run(t, handler, spent)
			if (answer.Header().Get("Retry-After") != "") != strings.HasSuffix(test.want, " 0 WRU") {
				t.Errorf("Retry-After %q", answer.Header().Get("Retry-After"))
			}
		})
	}
}

const home = "192.0.2.7:4711"

// capacityCase is a sign-in, its status, and the capacity it consumes.
type capacityCase struct {
	name, path, user, password, key, source string
	status                                  int
	want                                    string
}

func (c capacityCase) send(t *testing.T, handler http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	body := fmt.Sprintf(`{"username": "%s@example.com", "email": "%[1]s@example.com", "password": %q}`, c.user, c.password)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", c.key)
	r.RemoteAddr = c.source
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	return answer
}

func (c capacityCase) run(t *testing.T, handler http.Handler, spent *ledger) *httptest.ResponseRecorder {
	t.Helper()
	spent.expect(c.want)
	answer := c.send(t, handler)
	if answer.Code != c.status {
		t.Errorf("status %d, want %d: %s", answer.Code, c.status, answer.Body)
	}
	if diff := cmp.Diff(c.want, spent.String()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
	return answer
}

const (
	planpointLogin    = "/api/users/login"
	organizationLogin = "/users/login"
)

// capacityHandler is the login function over DynamoDB Local, metered by the ledger, and one of its API keys. Its clock does
// not move, so that no wait ends while a busy machine is slow.
func capacityHandler(t *testing.T, spent *ledger, settings map[string]string) (handler http.Handler, key string) {
	t.Helper()
	config, ports, key := capacityPorts(t, spent, settings)
	return app.LoginHandler(config, ports), key
}

func capacityPorts(t *testing.T, spent *ledger, settings map[string]string) (config app.Config, ports app.Ports, key string) {
	t.Helper()
	ctx, store := t.Context(), meteredStore(t, spent)
	hasher := password.New(password.Params{Memory: 64, Time: 1, Threads: 1}, 0)
	weaker := password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0)
	for _, u := range capacityUsers() {
		by := hasher
		if u.ID == "old" || u.ID == "weak" {
			by = weaker
		}
		hash, err := by.Hash(ctx, authtest.Password)
		check(t, err)
		u.PasswordHash = hash
		check(t, store.CreateUser(ctx, u))
	}
	key = "lk_" + auth.NewID()
	check(t, store.CreateClient(ctx, auth.Client{KeyHash: auth.HashAPIKey(key), Name: "site", Kind: auth.ClientStandard}))

	config, err := app.ConfigFrom(func(name string) string {
		if value, given := settings[name]; given {
			return value
		}
		return map[string]string{
			"LATCHKEY_STORE": "dynamodb:T", "LATCHKEY_KEYS": "secretsmanager:S", "LATCHKEY_ISSUER": "https://login.example.com",
		}[name]
	})
	check(t, err)
	start := usualTime()
	ring, err := keyring.New(jwk.ES256, start)
	check(t, err)
	document, err := ring.Marshal()
	check(t, err)
	keys := app.NewKeyring(config, fixedSource(document))
	return config, app.Ports{
		Store: store, Passwords: meteredHash{hasher, spent}, Log: slog.New(slog.DiscardHandler),
		Keys: keys, Tokens: keys, Now: func() time.Time { return start },
	}, key
}

// usualTime is a time at which a sign-in does not look for too many sessions. It is near the real time, by which DynamoDB may
// drop expired items.
func usualTime() time.Time { return limitingTime().Add(time.Millisecond) }

// limitingTime is a time at which a sign-in looks for too many sessions, as one of 32 does.
func limitingTime() time.Time { return time.Now().Truncate(32 * time.Millisecond) }

// meteredStore is a new table in DynamoDB Local.
func meteredStore(t *testing.T, spent *ledger) *dynamo.Store {
	t.Helper()
	cfg := dynamo.ForLogin(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(emulator.DynamoDB(t)),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	// Without the timeouts of a sign-in: on a busy machine a retry would be counted as one read too many.
	cfg.HTTPClient = meteredClient{awshttp.NewBuildableClient(), spent}
	cfg.APIOptions = append(cfg.APIOptions, spent.meter)
	store := dynamo.New(cfg, "table-"+rand.Text())
	check(t, store.CreateTable(t.Context()))
	return store
}

func capacityUsers() []auth.User {
	dorothy := authtest.NewUser("dorothy")
	dorothy.Status = auth.StatusDisabled
	return []auth.User{
		authtest.Ada(), authtest.Grace(), authtest.Alan(), authtest.Joan(), dorothy,
		authtest.NewUser("old"), authtest.NewUser("weak"),
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
